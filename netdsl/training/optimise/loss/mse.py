"""`mse`: for outputs that are to meet numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.ops.expression import operands
from netdsl.training.optimise.loss.base import Loss

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Mse(Loss, word="mse"):
    """Mean over the K numbers of (y - t)²                                                           (Legendre 1805).

    t are the numbers that the labels give; of a class, 1 for the right one and 0 for the others.
    """

    def rows(self, build: Build, z: Value, labels: str) -> Value:
        x0, x1 = operands(2)
        square = build.map((x0 - x1) * (x0 - x1), z, build.input(labels, z.shape))
        total: Value = build.add("reduce", square, axes=(len(z.shape) - 1,), keep=False)
        return build.map(x0 * (1.0 / int(z.shape[-1])), total)

    def fits(self, size: int, classes: int) -> bool:
        return not classes or super().fits(size, classes)
