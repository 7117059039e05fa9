"""What a trained net says about photographs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.archive import Arrays, as_images, read_arrays
from netdsl.data.dataset import Dataset
from netdsl.data.image import Fit, read_image, resize_image
from netdsl.data.pipeline import check_fits
from netdsl.data.several import inputs_in
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.training.answers.ensemble import Ensemble, Scores

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
class Answer:
    """The best guesses, the best first; among equals the first class. Numbers keep their order.

    `mask` has the class of each pixel, uint8 or uint16 (H, W), where that is what the net answers.
    `classes` is how many there are.
    """

    guesses: tuple[Guess, ...]
    mask: NDArray[Any] | None = None
    classes: int = 0


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is said of one file: the answer of the first output, or, where outputs have labels of their own, of each."""

    path: Path
    answers: Mapping[str, Answer]

    @property
    def guesses(self) -> tuple[Guess, ...]:
        """The guesses of the first output."""
        return next(iter(self.answers.values())).guesses

    @property
    def masked(self) -> Answer | None:
        """The first answer that is a mask."""
        return next((answer for answer in self.answers.values() if answer.mask is not None), None)


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
    for start in range(0, len(paths), BATCH):
        group = paths[start : start + BATCH]
        yield from _predictions(asked, group, asked.scores([partial(_shown, path) for path in group]), top)


def predict_arrays(
    trained: TrainedNet | TrainedPlan | Ensemble, path: Path, *, top: int = 5, threads: int | None = None
) -> Iterator[Prediction]:
    """Guesses for each example of an .npz file, which has an array for each input of the net, under its name.

    The one input of a net may be called `x` or `images`, as where it is trained; of a file with parts the test part is
    taken. Each array is prepared as in training. Raises `NetError` N601, N604 and N612 for what is no such file, N605
    for arrays of different lengths, N607 for examples that do not fit the net, N508 for views of what is no image.
    """
    asked = trained if isinstance(trained, Ensemble) else Ensemble((trained,), threads=threads)
    arrays = read_arrays(path)
    given = [_given(one, arrays, path) for one in asked.members]
    first = next(iter(given[0].values()))
    for start in range(0, len(first), BATCH):
        part = slice(start, start + BATCH)
        if asked.views > 1:
            found = asked.scores([partial(_from_array, image) for image in first[part]])
        else:
            found = asked.answers([{name: array[part] for name, array in one.items()} for one in given])
        count = len(first[part])
        yield from _predictions(asked, [Path(f"{path}[{start + i}]") for i in range(count)], found, top)


def _given(trained: TrainedNet | TrainedPlan, arrays: Arrays, path: Path) -> dict[str, Any]:
    """The arrays of a net's inputs, by name."""
    what, images = quoted(path), dict[str, Any]()
    names = inputs_in(arrays, trained.inputs, what)
    for name, shape in trained.inputs.items():
        images[name] = as_images(arrays[names[name]], what, names[name], shape)
        check_fits(
            Dataset(images[name], NO_LABELS, (), f"{path.name}, {names[name]}"), trained.pipeline.of(name), shape
        )
    (first, count), *others = ((names[name], len(array)) for name, array in images.items())
    for name, length in others:
        if length != count:
            raise fail("N605", f"{what}, {quoted(first)}, holds {count} examples, {quoted(name)} {length}")
    return images


def _predictions(asked: Ensemble, paths: Sequence[Path], found: Scores, top: int) -> Iterator[Prediction]:
    for i, path in enumerate(paths):
        yield Prediction(path, {name: _answer(rows[i], asked.classes(name), top) for name, rows in found.items()})


def _answer(said: NDArray[np.float64], classes: tuple[str, ...], top: int) -> Answer:
    """What is told of the scores of one image, (K,) or (H, W, K)."""
    if not classes:
        return Answer(tuple(Guess(str(i), float(number)) for i, number in enumerate(said.ravel())))
    mask = None
    if said.ndim > 1:
        mask = said.argmax(axis=-1).astype(np.uint8 if len(classes) <= 256 else np.uint16)
        said = np.bincount(mask.ravel(), minlength=len(classes)) / mask.size
    best = np.argsort(-said, kind="stable")[:top]
    return Answer(tuple(Guess(classes[i], float(said[i])) for i in best), mask, len(classes))


def _shown(path: Path, channels: int, fit: Fit) -> NDArray[np.uint8]:
    return read_image(path, channels=channels, fit=fit)


def _from_array(image: NDArray[Any], channels: int, fit: Fit) -> NDArray[Any]:
    return resize_image(image, fit.size)
