"""Ending a training before its last epoch."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.training.optimise.method import Method, count, number, score


@dataclass(frozen=True)
class Stop(Method):
    """Base of the rules that end a training."""


@dataclass(frozen=True)
class Early(Stop, word="early"):
    """Stop when `monitor` went `patience` epochs without a gain on its best  (Prechelt 1998)."""

    monitor: str = score("the score that is watched", default="val_loss")
    patience: int = count("epochs without a new best", default=2, low=1)
    gain: float = number("least gain that counts as better", default=0.0)


STOPS: dict[str, type[Early]] = Stop.known
