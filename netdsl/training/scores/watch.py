"""Watching one score from epoch to epoch: whether it gets better, and for how long it has not."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any

FALLING = ("loss", "mse", "mae")
"""Scores that are better the smaller they are, also of one output, `box_mse`; of the others the larger are better."""


@dataclass
class Watch:
    """`best` is the best value so far, `waited` the epochs since; a NaN is never better."""

    monitor: str
    patience: int
    gain: float
    best: float | None = None
    waited: int = 0

    def lost_patience(self, value: float) -> bool:
        """Take the value of one more epoch, and say whether `patience` epochs in a row gained nothing."""
        if self._is_better(value):
            self.best, self.waited = value, 0
            return False
        self.waited += 1
        return self.waited >= self.patience

    def _is_better(self, value: float) -> bool:
        if self.best is None or isnan(value):
            return not isnan(value)
        gained = self.best - value if falls(self.monitor) else value - self.best
        return gained > self.gain

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"best": self.best, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.best, self.waited = state["best"], state["waited"]


def falls(score: str) -> bool:
    """Whether a score, of the training or (`val_`) of the validation part, is better the smaller it is."""
    return score.rpartition("_")[2] in FALLING
