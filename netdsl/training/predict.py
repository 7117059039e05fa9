"""What a trained net says about photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.image import Fit, read_image
from netdsl.training.ensemble import Ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    trained: TrainedNet | TrainedPlan | Ensemble,
    paths: Sequence[Path],
    *,
    top: int = 5,
    threads: int | None = None,
) -> Iterator[Prediction]:
    """Guesses for each image file, in the order given, read a few at a time.

    An image is converted to grey or colour as the training images were, scaled to their height and width (without
    regard to its proportions, unless the preparation begins with `resize(…, fit=cover)`), and goes through the stored
    preprocessing. Cross-entropy nets that end in logits are given their softmax. An `Ensemble` gives the mean of what
    its nets say. Raises `NetError` N601, N606 or N607 for a file that cannot be read or converted, N508 where the net
    does not tell classes apart.
    """
    asked = trained if isinstance(trained, Ensemble) else Ensemble((trained,), threads=threads)
    classes = asked.members[0].record.classes
    for start in range(0, len(paths), BATCH):
        group = paths[start : start + BATCH]
        for path, row in zip(group, asked.scores([partial(_shown, path) for path in group]), strict=True):
            best = np.argsort(-row, kind="stable")[:top]
            yield Prediction(path, tuple(Guess(classes[i], float(row[i])) for i in best))


def _shown(path: Path, channels: int, fit: Fit) -> NDArray[np.uint8]:
    return read_image(path, channels=channels, fit=fit)
