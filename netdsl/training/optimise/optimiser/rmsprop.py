"""`rmsprop`: steps over the root of the mean of squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.ops.expression import max_, operands, unary
from netdsl.ops.map import emit
from netdsl.training.optimise.method import flag, number
from netdsl.training.optimise.optimiser.base import CYCLED, DECAY, Optimiser, decayed, slot

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class RmsProp(Optimiser, word="rmsprop"):
    """RMSProp (Tieleman and Hinton 2012, lecture 6.5), with momentum and centred as in Graves 2013, section 4.2.

    g ← g + decay·p;  s ← rho·s + (1-rho)·g²;  q = g/(√s + eps)                                          (s begins at 0)
    centred: m ← rho·m + (1-rho)·g, and s - m² in place of s
    p ← p - η·q;  with momentum: v ← momentum·v + q, p ← p - η·v
    """

    inertia = "momentum"
    lr: float = number("step size", default=0.001)
    rho: float = number("share of the old mean of squares", default=0.9, below=1.0)
    momentum: float = number("share of the last step that goes on", default=0.0, below=1.0)
    eps: float = number("added to the root of the mean of squares", default=1e-8)
    decay: float = number(DECAY, default=0.0)
    centered: bool = flag("divide by the root of the variance")

    def scalars(self, step: int) -> dict[str, float]:
        return super().scalars(step) | ({CYCLED: self.momentum} if self.cycled else {})

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        slope, old = decayed(self.decay), operands(3)[2]
        square = slot(build, param, "square")
        new_square = emit(build, self.rho * old + (1 - self.rho) * (slope * slope), [param, gradient, square])
        p, _, s, m = operands(4)
        mean = slot(build, param, "mean") if self.centered else square
        new_mean, spread = new_square, s
        if self.centered:
            new_mean = emit(build, self.rho * old + (1 - self.rho) * slope, [param, gradient, mean])
            spread = max_(s - m * m, 0.0)  # rounding may bring the variance below 0
        quotient = emit(build, slope / (unary("sqrt", spread) + self.eps), [param, gradient, new_square, new_mean])
        p, q, v, lr = operands(4)
        way = quotient
        if self.momentum:
            kept = slot(build, param, "momentum")
            moved = [build.scalar(CYCLED)] if self.cycled else []
            share = lr if self.cycled else self.momentum  # the fourth operand
            way = emit(build, share * v + q, [param, quotient, kept, *moved])
        new = emit(build, p - rate * lr * q, [param, way, way, build.scalar("lr")])
        build.add("assign", square, new_square)
        if self.centered:
            build.add("assign", mean, new_mean)
        if self.momentum:
            build.add("assign", kept, way)
        return new
