"""What a trained net says about photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.image import Fit, read_image
from netdsl.errors import fail
from netdsl.shapes import format_shape

if TYPE_CHECKING:
    from netdsl.training.trained import TrainedNet
    from netdsl.training.trained_plan import TrainedPlan

BATCH = 16


@dataclass(frozen=True)
class Guess:
    """A class and the number that the net gives it: a probability where the net ends in a softmax."""

    name: str
    score: float


@dataclass(frozen=True)
class Prediction:
    """The best guesses for one file, the best first; among equals the first class."""

    path: Path
    guesses: tuple[Guess, ...]


def predict(
    trained: TrainedNet | TrainedPlan, paths: Sequence[Path], *, top: int = 5, threads: int | None = None
) -> Iterator[Prediction]:
    """Guesses for each image file, in the order given, read a few at a time.

    An image is converted to grey or colour as the training images were, scaled to their height and width (without
    regard to its proportions, unless the preparation begins with `resize(…, fit=cover)`), and goes through the stored
    preprocessing. Cross-entropy nets that end in logits are given their softmax. Raises `NetError`
    N601, N606 or N607 for a file that cannot be read or converted, N508 where the net does not tell classes apart.
    """
    shape, record = trained.shape, trained.record
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise fail("N508", f"the input of `{trained.name}` is {format_shape(shape)}: images are HxWx1 or HxWx3")
    height, width, channels = trained.pipeline.in_shape(shape)
    fit = trained.pipeline.resize or Fit((height, width))
    objective, output = trained.objective, trained.output
    program = trained.compiled(BATCH, threads)
    for start in range(0, len(paths), BATCH):
        group = paths[start : start + BATCH]
        images = trained.pipeline.apply(np.stack([read_image(path, channels=channels, fit=fit) for path in group]))
        found_y = program(images)
        scores = objective.scores(np.asarray(found_y[output] if isinstance(found_y, dict) else found_y))
        for path, row in zip(group, scores, strict=True):
            best = np.argsort(-row, kind="stable")[:top]
            yield Prediction(path, tuple(Guess(record.classes[i], float(row[i])) for i in best))
