"""Optimisers: how a gradient changes a parameter, as primitive operations.

Each is one frozen dataclass. `update` is what `compile` calls for each parameter; what it keeps from step to step lies
in slots, states named `C1.weight@momentum`. Numbers that change from step to step are scalars of the program: `scalars`
gives them. Notation: p parameter, g gradient, η `lr`, all float32, elementwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from netdsl.ops.expression import operands, unary
from netdsl.ops.map import emit

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value

OPTIMISERS: dict[str, type[Optimiser]] = {}


def number(words: str, *, default: float, low: float = 0.0, below: float | None = None) -> Any:
    """Declare one number of an optimiser: at least `low`, and less than `below`."""
    return field(default=default, metadata={"words": words, "low": low, "below": below})


def flag(words: str) -> Any:
    """Declare a choice of an optimiser, off by default."""
    return field(default=False, metadata={"words": words})


@dataclass(frozen=True)
class Optimiser:
    """Base of the optimisers; `class Sgd(Optimiser, word="sgd")` registers the name that a file writes."""

    word: ClassVar[str] = ""
    lr: float = number("step size", default=0.01)

    def __init_subclass__(cls, word: str, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.word = word
        OPTIMISERS[word] = cls

    def scalars(self, step: int) -> dict[str, float]:
        """The numbers that step `step`, counted from 1, binds."""
        return {"lr": self.lr}

    def decaying(self, factor: float) -> Self:
        """The same with its weight decay multiplied."""
        return self if factor == 1 else replace(self, **{"decay": factor * vars(self)["decay"]})

    def update(self, build: Build, param: Value, gradient: Value) -> None:
        """Emit the operations that change a parameter and its slots in place."""
        build.add("assign", param, self.step(build, param, gradient))

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        """Emit the parameter after a step with `rate`·η, which is not assigned yet, and the new slots, which are."""
        raise AssertionError(f"{type(self).__name__} has no step")


@dataclass(frozen=True)
class Sgd(Optimiser, word="sgd"):
    """Stochastic gradient descent with momentum.

    g ← g + decay·p;  v ← momentum·v + g;  p ← p - η·v                                    (Polyak 1964; v begins at 0)
    nesterov: p ← p - η·(g + momentum·v)                                                      (Sutskever et al. 2013)
    """

    momentum: float = number("share of the last step that goes on", default=0.0, below=1.0)
    decay: float = number("weight decay, added to the gradient as decay·p", default=0.0)
    nesterov: bool = flag("look ahead along the momentum")

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        eta = build.scalar("lr")
        p, g, v, lr = operands(4)
        slope = g + self.decay * p
        if not self.momentum:
            return emit(build, p - rate * lr * slope, [param, gradient, gradient, eta])
        slot = build.tensor(f"{param.name}@momentum", param.shape, "state")
        velocity = emit(build, self.momentum * v + slope, [param, gradient, slot])
        way = slope + self.momentum * v if self.nesterov else v
        new = emit(build, p - rate * lr * way, [param, gradient, velocity, eta])
        build.add("assign", slot, velocity)
        return new


@dataclass(frozen=True)
class Adam(Optimiser, word="adam"):
    """Adam, at step t = 1, 2, … (Kingma and Ba 2015, algorithm 1; m and v begin at 0).

    g ← g + decay·p;  m ← m + (1-β1)·(g - m);  v ← v + (1-β2)·(g² - v)
    p ← p - η·m̂/(√v̂ + eps),  m̂ = m/(1-β1^t),  v̂ = v/(1-β2^t)

    The powers are taken in float64 outside the program: in float32, 1 - 0.999 is wrong in the fourth digit.
    """

    lr: float = number("step size", default=0.001)
    beta1: float = number("share of the old mean of gradients", default=0.9, below=1.0)
    beta2: float = number("share of the old mean of squares", default=0.999, below=1.0)
    eps: float = number("added to the root of the mean of squares", default=1e-8)
    decay: float = number("weight decay, added to the gradient as decay·p", default=0.0)

    def scalars(self, step: int) -> dict[str, float]:
        first, second = 1 / (1 - self.beta1**step), 1 / (1 - self.beta2**step)
        return {"lr": self.lr, "adam_mean": first, "adam_square": second}

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        mean = build.tensor(f"{param.name}@mean", param.shape, "state")
        square = build.tensor(f"{param.name}@square", param.shape, "state")
        p, g, a = operands(3)
        slope = g + self.decay * p
        new_mean = emit(build, a + (1 - self.beta1) * (slope - a), [param, gradient, mean])
        new_square = emit(build, a + (1 - self.beta2) * (slope * slope - a), [param, gradient, square])
        p, m, v, lr, first, second = operands(6)
        stepped = p - rate * lr * (first * m) / (unary("sqrt", second * v) + self.eps)
        scalars = [build.scalar(name) for name in ("lr", "adam_mean", "adam_square")]
        new = build.map(stepped, param, new_mean, new_square, *scalars)
        build.add("assign", mean, new_mean)
        build.add("assign", square, new_square)
        return new
