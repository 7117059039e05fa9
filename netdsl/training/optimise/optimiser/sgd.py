"""`sgd`: stochastic gradient descent, with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.ops.expression import operands
from netdsl.ops.map import emit
from netdsl.training.optimise.method import flag, number
from netdsl.training.optimise.optimiser.base import CYCLED, DECAY, Optimiser, decayed, slot

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Sgd(Optimiser, word="sgd"):
    """Stochastic gradient descent with momentum.

    g ← g + decay·p;  v ← momentum·v + g;  p ← p - η·v                                    (Polyak 1964; v begins at 0)
    nesterov: p ← p - η·(g + momentum·v)                                                      (Sutskever et al. 2013)
    """

    inertia = "momentum"
    momentum: float = number("share of the last step that goes on", default=0.0, below=1.0)
    decay: float = number(DECAY, default=0.0)
    nesterov: bool = flag("look ahead along the momentum")

    def scalars(self, step: int) -> dict[str, float]:
        return super().scalars(step) | ({CYCLED: self.momentum} if self.cycled else {})

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        eta, slope = build.scalar("lr"), decayed(self.decay)
        p, _, v, lr = operands(4)
        if not self.momentum:
            return emit(build, p - rate * lr * slope, [param, gradient, gradient, eta])
        kept = slot(build, param, "momentum")
        moved = [build.scalar(CYCLED)] if self.cycled else []
        share, later = (operands(4)[3], operands(5)[4]) if self.cycled else (self.momentum, self.momentum)
        velocity = emit(build, share * v + slope, [param, gradient, kept, *moved])
        way = slope + later * v if self.nesterov else v
        new = emit(build, p - rate * lr * way, [param, gradient, velocity, eta, *(moved if self.nesterov else [])])
        build.add("assign", kept, velocity)
        return new
