"""Schedules that stay the same for epochs, then fall at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from netdsl.training.optimise.method import number, numbers
from netdsl.training.optimise.schedule.base import Schedule


@dataclass(frozen=True)
class Step(Schedule, word="step"):
    """f = gamma^⌊e/every⌋  (`step` of Jia et al. 2014)."""

    every: float = number("epochs of a stair", above=0.0)
    gamma: float = number("factor from a stair to the next", default=0.1)

    def curve(self, epochs: float, share: float) -> float:
        return float(self.gamma ** floor(epochs / self.every + 1e-9))


@dataclass(frozen=True)
class MultiStep(Schedule, word="multistep"):
    """f = gamma^k, k being how many of `at` are not more than e  (He et al. 2016, section 4.2)."""

    at: tuple[float, ...] = numbers("after how many epochs it falls, a list")
    gamma: float = number("factor from a stair to the next", default=0.1)

    def curve(self, epochs: float, share: float) -> float:
        return float(self.gamma ** sum(at <= epochs for at in self.at))
