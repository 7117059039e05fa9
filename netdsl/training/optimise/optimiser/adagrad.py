"""`adagrad`: steps over the root of the sum of squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.ops.expression import operands, unary
from netdsl.ops.map import emit
from netdsl.training.optimise.method import number
from netdsl.training.optimise.optimiser.base import DECAY, Optimiser, decayed, slot

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Adagrad(Optimiser, word="adagrad"):
    """Adagrad with a diagonal matrix (Duchi, Hazan and Singer 2011, figure 1; s begins at 0).

    g ← g + decay·p;  s ← s + g²;  p ← p - η·g/(√s + eps)
    """

    eps: float = number("added to the root of the sum of squares", default=1e-10)
    decay: float = number(DECAY, default=0.0)

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        total = slot(build, param, "square")
        slope = decayed(self.decay)
        p, _, s, lr = operands(4)
        new_total = emit(build, s + slope * slope, [param, gradient, total])
        way = slope / (unary("sqrt", s) + self.eps)
        new = emit(build, p - rate * lr * way, [param, gradient, new_total, build.scalar("lr")])
        build.add("assign", total, new_total)
        return new
