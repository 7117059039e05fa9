"""The contest as it runs: a step of each net in turn, the means of an epoch, and what its folder keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.files.picture import write_picture
from netdsl.training.keeping.keeper import Keeper, Part
from netdsl.training.keeping.run_folder import WEIGHTS
from netdsl.training.keeping.weights_file import write_weights
from netdsl.training.recipes.grid import grid
from netdsl.training.running import NotFinite, Running
from netdsl.training.scores.metric import Score

if TYPE_CHECKING:
    from netdsl.graph.weights import Array
    from netdsl.training.batches import Batch
    from netdsl.training.course import Course
    from netdsl.training.keeping.record import Record
    from netdsl.training.keeping.state import State
    from netdsl.training.recipes.contest import Contest, Halves

SAMPLES = "samples"
"""The folder of the pictures."""
SHOWN = 64
SIDES = ("discriminator", "generator")
SCORES = ("loss", "discriminator_loss", "generator_loss", "real", "made")
"""The sum of both losses, each, and the means of what the discriminator says of real and of made images."""


class Means:
    """The means over the images of an epoch, in float64 sums."""

    def __init__(self) -> None:
        self._images, self._sums = 0, dict.fromkeys(SCORES, 0.0)

    def add(self, found: Mapping[str, float], images: int) -> None:
        """Take the means over so many images."""
        self._images += images
        for name, value in found.items():
            self._sums[name] += value * images

    def score(self) -> Score:
        """The means of what was seen."""
        loss, *rest = (total / max(self._images, 1) for total in self._sums.values())
        return Score(loss, dict(zip(SCORES[1:], rest, strict=True)), self._images)

    def state(self) -> dict[str, Any]:
        """What a checkpoint in the middle of an epoch keeps."""
        return {"images": self._images, "sums": dict(self._sums)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._images, self._sums = state["images"], {name: float(state["sums"][name]) for name in SCORES}


class Courses:
    """The courses of both nets, by side."""

    def __init__(self, discriminator: Course, generator: Course) -> None:
        self._of = dict(zip(SIDES, (discriminator, generator), strict=True))

    def check(self, scores: Sequence[str]) -> None:
        """`NetError` N507 where a score is watched that there is not."""
        for course in self._of.values():
            course.check(scores)

    def scalars(self, side: str, step: int) -> dict[str, float]:
        """The numbers that a step of one side binds."""
        return self._of[side].scalars(step)

    def finished(self, scores: Mapping[str, float]) -> bool:
        """Take the scores of an epoch; whether the training is to end with it."""
        return any([course.finished(scores) for course in self._of.values()])

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {side: course.state() for side, course in self._of.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        for side, course in self._of.items():
            course.restore(state[side])


class Rounds(Running):
    """The training of both nets in turns."""

    task: Contest
    programs: Halves
    _tally: Means
    _course: Courses

    def _step(self, batch: Batch) -> None:
        """One step of each net; the noise is a function of the seed and the step."""
        real, step = batch[0], self.state.step + 1
        pair, n = self.task.pair, len(real)
        scalars = {side: self._course.scalars(side, step) for side in SIDES}
        given = {pair.noise: self.task.noise(n, 2 * step), pair.image: real}
        told = self.programs.telling.step(given, **scalars["discriminator"])
        made = self.programs.making.step({pair.noise: self.task.noise(n, 2 * step + 1)}, **scalars["generator"])
        losses = float(told["loss"]), float(made["loss"])
        for side, loss in zip(SIDES, losses, strict=True):
            if not isfinite(loss):
                raise NotFinite(step, f"the loss of the {side} is {loss}")
        said = (float(told[name].mean()) for name in ("real", "made"))
        found = dict(zip(SCORES, (sum(losses), *losses, *said), strict=True))
        self._tally.add(found, n)
        self.state.count(n)
        self.progress.step(self.state.epoch, step, found["loss"])

    def _kept(self) -> Mapping[str, Array]:
        """All tensors of both nets."""
        pair = self.task.pair
        names = [f"{net.name}.{name}" for net in pair.nets for name in net.tensors]
        return Part(self.programs.weights, names)


@dataclass(kw_only=True)
class Gallery(Keeper):
    """Keeps both nets, each in a folder of its own, and a grid of samples of each epoch."""

    contest: Contest
    programs: Halves
    records: Mapping[str, Record]
    """By the name of the net."""

    def epoch(self, state: State, tensors: Mapping[str, Array]) -> None:
        """Save between two epochs, and draw what the generator makes of the same noises."""
        super().epoch(state, tensors)
        made = np.asarray(self.programs.drawing(self.contest.noise(SHOWN, 0)), np.float32)
        if made.ndim == 4 and made.shape[3] in (1, 3):
            path = self.folder / SAMPLES / f"epoch-{state.epochs[-1].number:03}.png"
            write_picture(path, grid(made, *self.contest.range))

    def weigh(self, state: State, tensors: Mapping[str, Array]) -> None:
        """Write the weights of each net."""
        with self.weights.lock:
            for net in self.contest.pair.nets:
                record = replace(self.records[net.name], steps=state.step)
                own = self.contest.pair.own(net, tensors)
                write_weights(self.folder / net.name / WEIGHTS, own, record)
