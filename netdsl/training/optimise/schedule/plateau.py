"""`plateau`: a smaller step size whenever a score has stopped getting better."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.training.optimise.method import count, number, score
from netdsl.training.optimise.schedule.base import Schedule


@dataclass(frozen=True)
class Plateau(Schedule, word="plateau"):
    """f = gamma^k, at least `least`: k counts the times that `monitor` went `patience` epochs without a new best.

    After each of them the patience begins anew (Bengio 2012). The count is state of the training, `Course`.
    """

    monitor: str = score("the score that is watched", default="val_loss")
    gamma: float = number("factor at each fall", default=0.1, below=1.0)
    patience: int = count("epochs without a new best", default=3, low=1)
    gain: float = number("least gain that counts as better", default=1e-4)
    least: float = number("the factor stays at least this", default=0.0)

    def curve(self, epochs: float, share: float) -> float:
        return 1.0

    def fallen(self, falls: int) -> float:
        """The factor after so many falls."""
        return max(self.gamma**falls, self.least)
