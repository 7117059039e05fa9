"""Keeping the weights of the best epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from netdsl.errors import fail
from netdsl.training.keeping.template import SUFFIX
from netdsl.training.optimise.method import Method, score
from netdsl.training.scores.watch import falls

if TYPE_CHECKING:
    from netdsl.training.scores.progress import Epoch


@dataclass(frozen=True)
class Kept(Method):
    """Base of the ways to keep weights that a call names."""


@dataclass(frozen=True)
class Best(Kept, word="best"):
    """Keeps the weights of the epoch with the best `monitor` as `best.safetensors`; among equals the first stays."""

    monitor: str = score("the score that is watched", default="val_loss")

    def check(self, scores: Sequence[str]) -> None:
        """`NetError` N507 for a score that there is not."""
        if self.monitor not in scores:
            there = ", ".join(f"`{name}`" for name in scores)
            words = f"`checkpoint` watches `{self.monitor}`, which this training does not measure: there are {there}"
            raise fail("N507", words)

    def file(self, epochs: Sequence[Epoch]) -> str | None:
        """The name of the file for the last of these epochs, where none before it was as good."""
        *before, last = (epoch.scores()[self.monitor] for epoch in epochs)
        sign = -1 if falls(self.monitor) else 1
        known = [sign * value for value in before if not isnan(value)]
        better = not isnan(last) and (not known or sign * last > max(known))
        return f"best{SUFFIX}" if better else None


KEEPS: dict[str, type[Best]] = Kept.known
