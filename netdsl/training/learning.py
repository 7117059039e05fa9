"""One net that learns: its steps, what it is measured by, and which layer a number that is not finite comes from."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from netdsl.training.batches import by_input
from netdsl.training.keeping.keeper import Part
from netdsl.training.not_finite import first_not_finite
from netdsl.training.optimise.average import averaged
from netdsl.training.optimise.gate import FINITE
from netdsl.training.optimise.loss.base import told
from netdsl.training.optimise.loss.objective import loss_of
from netdsl.training.running import NotFinite, Running
from netdsl.training.scores.measure import count, measure

if TYPE_CHECKING:
    from netdsl.graph.weights import Array
    from netdsl.training.batches import Batch
    from netdsl.training.course import Course
    from netdsl.training.keeping.interrupt import Interrupt
    from netdsl.training.loop import Task
    from netdsl.training.programs import Programs
    from netdsl.training.scores.metric import Score, Tally
    from netdsl.training.scores.outputs import Tallies

LOSS = "loss"


class Learning(Running):
    """The training of one net on images and labels."""

    task: Task
    programs: Programs
    _tally: Tally | Tallies
    _course: Course

    def _given(self, batch: Batch) -> dict[str, Any]:
        """What a step binds."""
        images, _, targets = batch
        return {**by_input(self.task.net, images), **self.task.objective.feed(targets)}

    def _step(self, batch: Batch) -> None:
        labels, step = batch[1], self.state.step + 1
        found = self.programs.learning.step(self._given(batch), **self._scalars(step))
        loss = float(found[LOSS])
        if isfinite(loss) and found.get(FINITE, True):
            count(self._tally, self.task.objective, loss, self._losses(found), found, labels)
        elif self.task.settings.on_nan != "skip":
            raise NotFinite(step, f"the loss is {loss}")
        self.state.count(len(told(labels)))
        self.progress.step(self.state.epoch, step, loss)

    def _losses(self, found: Mapping[str, Any]) -> dict[str, float]:
        """The loss of each output, where several are measured."""
        return {name: float(found[key]) for name in self.task.metrics if (key := loss_of(name)) in found}

    def _scalars(self, step: int) -> dict[str, float]:
        """The numbers that a step binds, counted from 1."""
        scalars = self._course.scalars(step)
        return scalars | {"lr": scalars["lr"] * self.state.rate(step)}

    def _measure(self) -> Score | None:
        """The score of the part that is only measured."""
        task, measuring = self.task, self.programs.measuring
        if measuring is None or task.validation is None:
            return None
        if task.settings.ema:
            for name, array in self._kept().items():
                measuring.weights[name] = array
        return measure(measuring, task.validation, task.objective, task.tally())

    def _kept(self) -> Mapping[str, Array]:
        """The tensors that are measured and saved: the average of the weights where that is asked for."""
        net, settings, weights = self.task.net, self.task.settings, self.programs.weights
        if not settings.ema:
            return Part(weights, net.tensors)
        return averaged(net, weights, settings.ema, self._course.updates(self.state.step))

    def _cause(self, found: NotFinite, interrupt: Interrupt) -> str:
        """The first layer, or gradient from the loss back; unless a signal comes first."""
        assert self.keeper is not None
        if interrupt.signal is None:
            self._repeat(self.keeper, found.step - 1, interrupt)
        if interrupt.signal is not None:
            return ""
        given = self._given(next(self._batches()))
        return f"{first_not_finite(self.task, self.programs.weights, given, self._scalars(found.step))}; "
