"""What an optimiser is: a step for one parameter, as primitive operations.

What it keeps from step to step lies in slots, states named `C1.weight@momentum`, that begin at 0. Numbers that change
from step to step are scalars of the program: `scalars` gives them. Notation: p parameter, g gradient, η `lr`, all
float32, elementwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from netdsl.ops.expression import Expression, operands
from netdsl.training.optimise.method import Method, number

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value

CYCLED = "cycled_momentum"
DECAY = "weight decay, added to the gradient as decay·p"


@dataclass(frozen=True)
class Optimiser(Method):
    """Base of the optimisers; `class Sgd(Optimiser, word="sgd")` registers the name that a file writes.

    `inertia` names the argument that a schedule may move, where there is one. With `cycled` it is a scalar of the
    program, else a constant in it.
    """

    inertia: ClassVar[str] = ""
    lr: float = number("step size", default=0.01)
    cycled: bool = field(default=False, kw_only=True)

    @property
    def has_momentum(self) -> bool:
        """Whether there is a momentum that can move."""
        return bool(self.inertia and getattr(self, self.inertia))

    def at_momentum(self, momentum: float) -> Self:
        """The same, cycled, where its momentum has that value."""
        return replace(self, cycled=True, **{self.inertia: momentum})

    def scalars(self, step: int) -> dict[str, float]:
        """The numbers that update `step`, counted from 1, binds."""
        return {"lr": self.lr}

    def decaying(self, factor: float) -> Self:
        """The same with its weight decay multiplied."""
        return self if factor == 1 else replace(self, **{"decay": factor * vars(self)["decay"]})

    def update(self, build: Build, pairs: Sequence[tuple[Value, Value]]) -> None:
        """Emit the operations that change parameters, each given with its gradient, and their slots in place."""
        for param, gradient in pairs:
            build.origin = param.name.rpartition(".")[0]
            build.add("assign", param, self.step(build, param, gradient))

    def step(self, build: Build, param: Value, gradient: Value, rate: float = 1.0) -> Value:
        """Emit the parameter after a step with `rate`·η, which is not assigned yet, and the new slots, which are."""
        raise AssertionError(f"{type(self).__name__} has no step")


OPTIMISERS: dict[str, type[Optimiser]] = Optimiser.known


def slot(build: Build, param: Value, name: str) -> Value:
    """What is kept of a parameter from step to step: `C1.weight@momentum`."""
    return build.tensor(f"{param.name}@{name}", param.shape, "state")


def decayed(decay: float) -> Expression:
    """G + decay·p of the operands p and g."""
    p, g = operands(2)
    return g + decay * p
