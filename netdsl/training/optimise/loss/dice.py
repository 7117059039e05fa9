"""`dice`: for maps that are to cover the same pixels as masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netdsl.ops.expression import operands, unary
from netdsl.training.optimise.loss.base import Array, Loss, both
from netdsl.training.optimise.method import number

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Dice(Loss, word="dice"):
    """1 - mean over the K classes of (2·Σ p·t + smooth)/(Σ p² + Σ t² + smooth)  (Milletari et al. 2016, eq. 1).

    Sums run over the places of an image; t is 1 where a place is of the class. p is the output where that is a softmax
    or a sigmoid, else its softmax over the classes or, for one number, its sigmoid. `smooth` keeps an empty class
    from counting as missed.
    """

    smooth: float = number("added above and below", default=1.0, above=0.0)

    def reads(self, build: Build, y: Value) -> Value:
        if self.end:
            return y
        if y.shape[-1] == 1:
            return build.map(unary("sigmoid", operands(1)[0]), y)
        made: Value = build.add("softmax", y)
        return made

    def rows(self, build: Build, z: Value, labels: str) -> Value:
        x0, x1 = operands(2)
        t, places = build.input(labels, z.shape), tuple(range(1, len(z.shape) - 1))

        def over_places(value: Value) -> Value:
            total: Value = build.add("reduce", value, axes=places, keep=False)
            return total

        common = over_places(build.map(x0 * x1, z, t))
        whole = over_places(build.map(x0 * x0 + x1 * x1, z, t))
        missed = build.map(1.0 - (2.0 * x0 + self.smooth) / (x1 + self.smooth), common, whole)
        total: Value = build.add("reduce", missed, axes=(1,), keep=False)
        return build.map(x0 * (1.0 / int(z.shape[-1])), total)

    def scores(self, y: Array) -> Array:
        p = y if self.end or y.shape[-1] > 1 else np.exp(-np.logaddexp(0.0, -y.astype(np.float64)))
        return both(1.0 - p, p) if y.shape[-1] == 1 else p
