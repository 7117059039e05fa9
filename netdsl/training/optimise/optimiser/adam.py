"""`adam` and `adamw`: steps by the mean of gradients over the root of the mean of their squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.ops.expression import operands, unary
from netdsl.ops.map import emit
from netdsl.training.optimise.method import number
from netdsl.training.optimise.optimiser.base import DECAY, Optimiser, decayed, slot

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


FRESH = "adam_fresh"


@dataclass(frozen=True)
class Adam(Optimiser, word="adam"):
    """Adam, at step t = 1, 2, … (Kingma and Ba 2015, algorithm 1; m and v begin at 0).

    g ← g + decay·p;  m ← m + (1-β1)·(g - m);  v ← v + (1-β2)·(g² - v)
    p ← p - η·m̂/(√v̂ + eps),  m̂ = m/(1-β1^t),  v̂ = v/(1-β2^t)

    The powers are taken in float64 outside the program: in float32, 1 - 0.999 is wrong in the fourth digit. So is
    1-β1 where a schedule moves β1; m̂ then takes the β1 of the step, as torch does.
    """

    inertia = "beta1"
    lr: float = number("step size", default=0.001)
    beta1: float = number("share of the old mean of gradients", default=0.9, below=1.0)
    beta2: float = number("share of the old mean of squares", default=0.999, below=1.0)
    eps: float = number("added to the root of the mean of squares", default=1e-8)
    decay: float = number(DECAY, default=0.0)

    def scalars(self, step: int) -> dict[str, float]:
        first, second = 1 / (1 - self.beta1**step), 1 / (1 - self.beta2**step)
        found = {"lr": self.lr, "adam_mean": first, "adam_square": second}
        return found | ({FRESH: 1 - self.beta1} if self.cycled else {})

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        return self._step(build, param, gradient, rate, inside=self.decay, beside=0.0)

    def _step(self, build: Build, param: Value, gradient: Value, rate: float, *, inside: float, beside: float) -> Value:
        """A step whose weight decay is in the gradient, or beside the quotient."""
        mean, square = slot(build, param, "mean"), slot(build, param, "square")
        slope, a = decayed(inside), operands(3)[2]
        fresh = operands(4)[3] if self.cycled else 1 - self.beta1
        moved = [build.scalar(FRESH)] if self.cycled else []
        new_mean = emit(build, a + fresh * (slope - a), [param, gradient, mean, *moved])
        new_square = emit(build, a + (1 - self.beta2) * (slope * slope - a), [param, gradient, square])
        p, m, v, lr, first, second = operands(6)
        way = (first * m) / (unary("sqrt", second * v) + self.eps)
        stepped = p - rate * lr * (way + beside * p) if beside else p - rate * lr * way
        scalars = [build.scalar(name) for name in ("lr", "adam_mean", "adam_square")]
        new = build.map(stepped, param, new_mean, new_square, *scalars)
        build.add("assign", mean, new_mean)
        build.add("assign", square, new_square)
        return new


@dataclass(frozen=True)
class AdamW(Adam, word="adamw"):
    """Adam with its weight decay outside the quotient (Loshchilov and Hutter 2019, algorithm 2).

    p ← p - η·(m̂/(√v̂ + eps) + decay·p),  m̂ and v̂ of the bare gradient as in `adam`
    """

    decay: float = number("weight decay, taken from p as η·decay·p", default=0.01)

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        return self._step(build, param, gradient, rate, inside=0.0, beside=self.decay)
