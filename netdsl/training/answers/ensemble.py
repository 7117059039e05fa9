"""Several trained nets asked together: the mean of what they say is better than the most of them.

score(class) = the mean over nets, and over views of the image, of each one's score          (Hansen and Salamon 1990)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.image import Fit
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.shapes import format_shape
from netdsl.training.answers.views import enlarged, views_of
from netdsl.training.loop import only_input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.compiler.program import Program
    from netdsl.data.dataset import Images
    from netdsl.training.answers.trained import TrainedNet
    from netdsl.training.answers.trained_plan import TrainedPlan
    from netdsl.training.optimise.loss import Objective, Part

BATCH = 16
Shown = Callable[[int, Fit], "NDArray[Any]"]
"""An image, asked for by its channels and the size that it is brought to."""


Scores = dict[str, "NDArray[np.float64]"]
"""What is said of each example, by output, as `Part.scores` has it; numbers where the labels are numbers."""
ARRAYS = "`netdsl predict RUN ask.npz` asks about arrays, one for each input of the net, under its name"


@dataclass(frozen=True)
class Ensemble:
    """Nets that were trained for the same classes with the same loss, and how many views of an image each is shown.

    Raises `NetError` N528 for nets that do not answer the same question, N508 for views where there is no one image.
    """

    members: tuple[TrainedNet | TrainedPlan, ...]
    views: int = 1
    threads: int | None = None

    def __post_init__(self) -> None:
        first = self.members[0]
        for one in self.members[1:]:
            if list(one.inputs) != list(first.inputs) and len(first.inputs) + len(one.inputs) > 2:
                raise self._other("inputs", ", ".join(one.inputs), ", ".join(first.inputs))
            self._check_outputs(one.objective.measured, first.objective.measured)
            for a, b in zip(one.objective.measured, first.objective.measured, strict=True):
                if _classes(one, a) != _classes(first, b):
                    raise self._other("classes", _listed(_classes(one, a)), _listed(_classes(first, b)))
        if self.views > 1:
            only_input(first.name, tuple(first.inputs), "without `--crops` each example is asked about as a whole")
            if any(part.places for part in first.objective.measured.values()):
                words = f"`{first.name}` answers with a mask of the whole image: views of parts have no mean"
                raise fail("N508", words)

    def _check_outputs(self, one: Mapping[str, Part], first: Mapping[str, Part]) -> None:
        """`NetError` N528 unless the outputs answer the same questions; where there is one, it may have any name."""
        if len(one) != len(first) or (len(first) > 1 and list(one) != list(first)):
            raise self._other("outputs", ", ".join(one), ", ".join(first))
        for a, b in zip(one.values(), first.values(), strict=True):
            if type(a.loss) is not type(b.loss):
                raise self._other("loss", a.loss.word, b.loss.word)
            if a.places != b.places:
                raise self._other("masks", format_shape(a.places), format_shape(b.places))
            if a.size != b.size:
                raise self._other("numbers of an output", str(a.size), str(b.size))

    def _other(self, what: str, one: str, first: str) -> Exception:
        return fail("N528", f"the nets differ in their {what}: {quoted(one)}, and of the first {quoted(first)}")

    @cached_property
    def measured(self) -> Mapping[str, Part]:
        """The outputs that answer, by the names that they have in the first net."""
        return self.members[0].objective.measured

    def classes(self, output: str) -> tuple[str, ...]:
        """The classes that an output tells apart; none where it says numbers."""
        return _classes(self.members[0], output)

    def scores(self, images: Sequence[Shown]) -> Scores:
        """The mean scores of each class, (N, K), or (N, H, W, K) for masks, of images that are asked for one by one.

        Nets that were trained on numbers give these, (N, K). Cross-entropy nets give probabilities, whether or not
        they end in a softmax. Raises `NetError` N508 for a net that takes no images.
        """
        for one in self.members:
            only_input(one.name, tuple(one.inputs), ARRAYS)
            if len(one.shape) != 3 or one.shape[2] not in (1, 3):
                words = f"the input of `{one.name}` is {format_shape(one.shape)}: images are HxWx1 or HxWx3"
                raise fail("N508", words, help=ARRAYS)
        step = max(BATCH // self.views, 1)
        groups = [images[start : start + step] for start in range(0, len(images), step)]
        return _joined([self._mean([self._of(k, group) for k in range(len(self.members))]) for group in groups])

    def answers(self, given: Sequence[Mapping[str, Images]]) -> Scores:
        """The same of arrays as they are stored: for each net those of its inputs, by name."""
        count = len(next(iter(given[0].values())))
        parts = [slice(start, start + BATCH) for start in range(0, count, BATCH)]
        return _joined([self._mean([self._told(k, arrays, part) for k, arrays in enumerate(given)]) for part in parts])

    @cached_property
    def _programs(self) -> list[Program]:
        return [one.compiled(BATCH, self.threads) for one in self.members]

    @cached_property
    def _objectives(self) -> list[Objective]:
        return [one.objective for one in self.members]

    def _mean(self, said: Sequence[Scores]) -> Scores:
        """The mean over the nets, whose outputs stand in the same order."""
        columns = zip(*(one.values() for one in said), strict=True)
        return {name: np.mean(column, axis=0) for name, column in zip(self.measured, columns, strict=True)}

    def _told(self, k: int, arrays: Mapping[str, Images], part: slice) -> Scores:
        pipeline = self.members[k].pipeline
        return self._said(k, {name: pipeline.of(name).apply(array[part]) for name, array in arrays.items()})

    def _of(self, k: int, group: Sequence[Shown]) -> Scores:
        """The scores of one net, the mean over the views."""
        one = self.members[k]
        height, width, channels = one.pipeline.in_shape(one.shape)
        large = enlarged((height, width), self.views)
        fit = replace(one.pipeline.resize, size=large) if one.pipeline.resize else Fit(large)
        cut = np.concatenate([views_of(shown(channels, fit), (height, width), self.views) for shown in group])
        said = self._said(k, {name: one.pipeline.apply(cut) for name in one.inputs})
        shaped = {name: rows.reshape(len(group), self.views, *rows.shape[1:]) for name, rows in said.items()}
        return {name: np.asarray(rows.mean(axis=1)) for name, rows in shaped.items()}

    def _said(self, k: int, given: Mapping[str, NDArray[Any]]) -> Scores:
        """What one net says of prepared arrays."""
        found, objective = self._programs[k](given), self._objectives[k]
        outputs = found if isinstance(found, dict) else {self.members[k].output: found}
        said = {}
        for name, part in objective.measured.items():
            y = np.asarray(outputs[name])
            said[name] = np.asarray(part.scores(y) if part.kind.classes else part.rows(y), np.float64)
        return said


def _classes(one: TrainedNet | TrainedPlan, output: str) -> tuple[str, ...]:
    return one.record.others.get(output, one.record.classes)


def _listed(classes: tuple[str, ...]) -> str:
    return ", ".join(classes[:3]) + (", …" if len(classes) > 3 else "") or "numbers"


def _joined(blocks: Sequence[Scores]) -> Scores:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
