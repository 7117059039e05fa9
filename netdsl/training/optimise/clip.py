"""Clipping of gradients, as operations of the step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.ops.expression import max_, min_, operands, unary
from netdsl.training.optimise.method import Method, number

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value

LEAST_NORM = 1e-6


@dataclass(frozen=True)
class Clip(Method):
    """Base of the ways to clip; `class Norm(Clip, word="norm")` registers the name that a file writes."""

    most: float = number("the most that is let through", default=1.0, above=0.0)

    def emit(self, build: Build, gradients: Sequence[Value]) -> list[Value]:
        """Emit the gradients of all parameters, clipped."""
        raise AssertionError(f"{type(self).__name__} has no lowering")


@dataclass(frozen=True)
class ClipNorm(Clip, word="norm"):
    """g ← g·min(1, most/(‖g‖ + 1e-6)), ‖g‖ the norm of all gradients together (Pascanu et al. 2013, algorithm 1)."""

    def emit(self, build: Build, gradients: Sequence[Value]) -> list[Value]:
        (x,) = operands(1)
        square = sum_of_squares(build, gradients)
        factor = build.map(min_(1.0, self.most / (unary("sqrt", x) + LEAST_NORM)), square)
        g, c = operands(2)
        return [build.map(g * c, gradient, factor) for gradient in gradients]


@dataclass(frozen=True)
class ClipValue(Clip, word="value"):
    """g ← max(-most, min(g, most)), each number by itself  (Mikolov 2012)."""

    def emit(self, build: Build, gradients: Sequence[Value]) -> list[Value]:
        (g,) = operands(1)
        return [build.map(max_(min_(g, self.most), -self.most), gradient) for gradient in gradients]


CLIPS: dict[str, type[Clip]] = Clip.known


def sum_of_squares(build: Build, values: Sequence[Value]) -> Value:
    """Σ x² over all numbers of all values, added in their order."""
    x0, x1 = operands(2)
    total: Value | None = None
    for value in values:
        axes = tuple(range(len(value.shape)))
        part = build.map(x0 * x0, value)
        part = build.add("reduce", part, axes=axes, keep=False) if axes else part
        total = part if total is None else build.map(x0 + x1, total, part)
    assert total is not None, "there are no gradients"
    return total
