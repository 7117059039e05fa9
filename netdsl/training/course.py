"""The course of a training: the numbers that each step binds, and what follows from the scores of an epoch.

With `accumulate` k, gradients of k batches are added up before the parameters change, and at the end of an epoch those
of the batches that are left: group by group, within the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netdsl.errors import fail
from netdsl.training.block.settings import Settings
from netdsl.training.optimise.schedule import Plateau
from netdsl.training.scores.watch import Watch


class Course:
    """Where a training stands: a function of the step, but for the patience of `plateau` and `stop early`.

    `state` is all that a checkpoint must keep of it; `restore` goes on from there.
    """

    def __init__(self, settings: Settings, *, steps: int, epoch_steps: int) -> None:
        self._settings = settings
        self._steps, self._epoch_steps = steps, epoch_steps
        self._falls = 0
        stop, schedule = settings.stop, settings.schedule
        self._stop = Watch(stop.monitor, stop.patience, stop.gain) if stop else None
        self._plateau = (
            Watch(schedule.monitor, schedule.patience, schedule.gain) if isinstance(schedule, Plateau) else None
        )

    def check(self, scores: Sequence[str]) -> None:
        """`NetError` N507 where a score is watched that this training does not give."""
        for setting, watch in (("stop", self._stop), ("schedule", self._plateau)):
            if watch and watch.monitor not in scores:
                there = ", ".join(f"`{name}`" for name in scores)
                raise fail(
                    "N507",
                    f"`{setting}` watches `{watch.monitor}`, which this training does not measure: there are {there}",
                    help="`validation` is the share of the images that scores with `val_` are measured on",
                )

    def scalars(self, step: int) -> dict[str, float]:
        """The numbers that step `step`, counted from 1, binds."""
        settings = self._settings
        within, group = (step - 1) % self._epoch_steps, settings.accumulate
        groups = -(-self._epoch_steps // group)
        update = (step - 1) // self._epoch_steps * groups + within // group + 1
        place, optimiser = {"steps": self._steps, "epoch_steps": self._epoch_steps}, settings.stepping
        if optimiser.cycled:
            optimiser = optimiser.at_momentum(settings.schedule.momentum(step, **place))
        scalars = optimiser.scalars(update)
        factor = settings.schedule.factor(step, **place)
        if isinstance(settings.schedule, Plateau):
            factor *= settings.schedule.fallen(self._falls)
        scalars |= {"lr": scalars["lr"] * factor, "step": step, "seed": settings.seed}
        if group > 1:
            last = min((within // group + 1) * group, self._epoch_steps) - 1
            scalars |= {"apply": float(within == last), "share": 1 / (last % group + 1)}
        return scalars

    def updates(self, step: int) -> int:
        """How often the parameters have changed after `step` steps."""
        groups = -(-self._epoch_steps // self._settings.accumulate)
        whole, rest = divmod(step, self._epoch_steps)
        return whole * groups + rest // self._settings.accumulate

    def finished(self, scores: Mapping[str, float]) -> bool:
        """Take the scores of an epoch; whether the training is to end with it."""
        if self._plateau and self._plateau.lost_patience(scores[self._plateau.monitor]):
            self._plateau.waited = 0
            self._falls += 1
        return self._stop is not None and self._stop.lost_patience(scores[self._stop.monitor])

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, as plain JSON values; empty where the step says everything."""
        watches = {"stop": self._stop, "plateau": self._plateau}
        state: dict[str, Any] = {name: watch.state() for name, watch in watches.items() if watch}
        return state | ({"falls": self._falls} if self._plateau else {})

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        if self._stop:
            self._stop.restore(state["stop"])
        if self._plateau:
            self._plateau.restore(state["plateau"])
            self._falls = state["falls"]
