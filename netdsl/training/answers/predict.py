"""What a trained net says about photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.archive import as_images, read_arrays
from netdsl.data.dataset import Dataset
from netdsl.data.image import Fit, read_image
from netdsl.data.pipeline import check_fits
from netdsl.data.several import missing
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.training.answers.ensemble import Ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.training.answers.trained import TrainedNet
    from netdsl.training.answers.trained_plan import TrainedPlan

BATCH = 16
NO_LABELS = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Guess:
    """A class and the number that the net gives it: a probability where the net ends in a softmax.

    Of a mask the number is the share of its pixels. Where the labels were numbers, the name is the place of the number.
    """

    name: str
    score: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """The best guesses for one file, the best first; among equals the first class. Numbers keep their order.

    `mask` has the class of each pixel, uint8 or uint16 (H, W), where that is what the net answers.
    """

    path: Path
    guesses: tuple[Guess, ...]
    mask: NDArray[Any] | None = None


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
    takes no images.
    """
    asked = trained if isinstance(trained, Ensemble) else Ensemble((trained,), threads=threads)
    classes = asked.members[0].record.classes
    for start in range(0, len(paths), BATCH):
        group = paths[start : start + BATCH]
        for path, said in zip(group, asked.scores([partial(_shown, path) for path in group]), strict=True):
            yield _answer(path, said, classes, top)


def predict_arrays(
    trained: TrainedNet | TrainedPlan, path: Path, *, top: int = 5, threads: int | None = None
) -> Iterator[Prediction]:
    """Guesses for each example of an .npz file, which has an array for each input of the net, under its name.

    Each is prepared as in training. Raises `NetError` N601, N604 and N612 for what is no such file, N605 for arrays of
    different lengths, N607 for examples that do not fit the net.
    """
    arrays, what, images = read_arrays(path), quoted(path), dict[str, Any]()
    for name, shape in trained.inputs.items():
        if name not in arrays:
            raise missing(arrays, what, name)
        images[name] = as_images(arrays[name], what, name, shape)
        check_fits(Dataset(images[name], NO_LABELS, (), f"{path.name}, {name}"), trained.pipeline.of(name), shape)
    (first, count), *others = ((name, len(array)) for name, array in images.items())
    for name, length in others:
        if length != count:
            raise fail("N605", f"{what}, {quoted(first)}, holds {count} examples, {quoted(name)} {length}")
    program, main = trained.compiled(BATCH, threads), trained.objective.main
    for start in range(0, count, BATCH):
        part = slice(start, start + BATCH)
        found = program({name: trained.pipeline.of(name).apply(array[part]) for name, array in images.items()})
        y = np.asarray(found[trained.output] if isinstance(found, dict) else found)
        scores = main.scores(y) if trained.record.classes else main.rows(y)
        for i, said in enumerate(scores.astype(np.float64), start):
            yield _answer(Path(f"{path}[{i}]"), said, trained.record.classes, top)


def _answer(path: Path, said: NDArray[np.float64], classes: tuple[str, ...], top: int) -> Prediction:
    """What is told of the scores of one image, (K,) or (H, W, K)."""
    if not classes:
        return Prediction(path, tuple(Guess(str(i), float(number)) for i, number in enumerate(said.ravel())))
    mask = None
    if said.ndim > 1:
        mask = said.argmax(axis=-1).astype(np.uint8 if len(classes) <= 256 else np.uint16)
        said = np.bincount(mask.ravel(), minlength=len(classes)) / mask.size
    best = np.argsort(-said, kind="stable")[:top]
    return Prediction(path, tuple(Guess(classes[i], float(said[i])) for i in best), mask)


def _shown(path: Path, channels: int, fit: Fit) -> NDArray[np.uint8]:
    return read_image(path, channels=channels, fit=fit)
