"""`adadelta`: steps in the units of the parameter, with no rate that must be chosen."""

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
class Adadelta(Optimiser, word="adadelta"):
    """Adadelta (Zeiler 2012, algorithm 1; s and u begin at 0).

    g ← g + decay·p;  s ← rho·s + (1-rho)·g²;  d = g·√(u + eps)/√(s + eps);  u ← rho·u + (1-rho)·d²;  p ← p - η·d
    """

    lr: float = number("step size", default=1.0)
    rho: float = number("share of the old means of squares", default=0.9, below=1.0)
    eps: float = number("added to the means of squares under their roots", default=1e-6)
    decay: float = number(DECAY, default=0.0)

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        square, way = slot(build, param, "square"), slot(build, param, "step")
        slope = decayed(self.decay)
        p, d, s, u = operands(4)
        new_square = emit(build, self.rho * s + (1 - self.rho) * (slope * slope), [param, gradient, square])
        quotient = slope * unary("sqrt", u + self.eps) / unary("sqrt", s + self.eps)
        delta = emit(build, quotient, [param, gradient, new_square, way])
        new_way = emit(build, self.rho * u + (1 - self.rho) * (d * d), [param, delta, square, way])
        new = emit(build, p - rate * s * d, [param, delta, build.scalar("lr")])
        build.add("assign", square, new_square)
        build.add("assign", way, new_way)
        return new
