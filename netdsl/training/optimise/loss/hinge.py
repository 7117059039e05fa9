"""`hinge`: for outputs of which the right one is to lead by a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.ops.expression import max_, operands
from netdsl.training.optimise.loss.base import Array, Loss, both
from netdsl.training.optimise.method import flag, number

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Hinge(Loss, word="hinge"):
    """Mean over the K classes of max(0, margin - y_j + y_k), k ≠ j, j the right class        (Weston and Watkins 1999).

    One number alone is for two classes: max(0, margin - (2t-1)·y), t the label (Cortes and Vapnik 1995). With
    `squared` each of the maxima is squared (Tang 2013).
    """

    margin: float = number("how far the right class is to lead", default=1.0, above=0.0)
    squared: bool = flag("square each of the maxima")

    def rows(self, build: Build, z: Value, labels: str) -> Value:
        x0, x1, x2 = operands(3)
        t, last = build.input(labels, z.shape), len(z.shape) - 1
        if z.shape[-1] == 1:
            lack = build.map(max_(self.margin - (2.0 * x1 - 1.0) * x0, 0.0), z, t)
        else:
            right = build.add("reduce", build.map(x0 * x1, z, t), axes=(last,), keep=True)
            # The right class itself adds max(0, y_j - y_j) = 0.
            lack = build.map(max_(self.margin * (1.0 - x1) + x0 - x2, 0.0), z, t, right)
        if self.squared:
            lack = build.map(x0 * x0, lack)
        total: Value = build.add("reduce", lack, axes=(last,), keep=False)
        return build.map(x0 * (1.0 / int(z.shape[-1])), total)

    def scores(self, y: Array) -> Array:
        return both(-y, y) if y.shape[-1] == 1 else y
