"""Schedules: how the step size changes in the course of a training.

Each is one frozen dataclass; `factor` multiplies the optimiser's `lr`, and is a function of the step alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Any, ClassVar

from netdsl.training.optimiser import number

SCHEDULES: dict[str, type[Schedule]] = {}


@dataclass(frozen=True)
class Schedule:
    """Base of the schedules; `class Cosine(Schedule, word="cosine")` registers the name that a file writes."""

    word: ClassVar[str] = ""

    def __init_subclass__(cls, word: str, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.word = word
        SCHEDULES[word] = cls

    def factor(self, step: int, *, steps: int, epoch_steps: int) -> float:
        """The factor at step `step`, from 1 to `steps`; an epoch has `epoch_steps`."""
        raise AssertionError(f"{type(self).__name__} has no factor")


@dataclass(frozen=True)
class Constant(Schedule, word="constant"):
    """The same step size throughout."""

    def factor(self, step: int, *, steps: int, epoch_steps: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Cosine(Schedule, word="cosine"):
    """Half a cosine from 1 down to nearly 0, after `warmup` epochs in which the factor rises linearly to 1.

    With w warm-up steps of T: t/w for t ≤ w, then (1 + cos(π·(t-1-w)/(T-w)))/2       (Loshchilov and Hutter 2017)
    """

    warmup: float = number("epochs of linear rise", default=0.0)

    def factor(self, step: int, *, steps: int, epoch_steps: int) -> float:
        rise = min(round(self.warmup * epoch_steps), steps)
        if step <= rise:
            return step / rise
        return (1 + cos(pi * (step - 1 - rise) / (steps - rise))) / 2
