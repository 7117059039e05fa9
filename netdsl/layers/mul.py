"""`mul`: the product of several values, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.merge import Pointwise

if TYPE_CHECKING:
    from netdsl.ops.expression import Expression


@dataclass(frozen=True)
class Mul(Pointwise, keyword="mul"):
    """y = act(Π x_i) (Hu et al. 2018, for gates); operands align at the last axis and axes of size 1 stretch."""

    examples = (
        ("mul", ((3, 4, 2), (3, 4, 2))),
        ("mul(act=tanh)", ((3, 4, 2), (2,), (3, 1, 2))),
        ("mul(fit=crop)", ((5, 4, 2), (2, 3, 2))),
        ("mul(fit=pad)", ((5, 4, 2), (2, 3, 2))),
        ("mul", ((2, 3),) * 9),
    )

    def join(self, xs: Sequence[Expression]) -> Expression:
        total = xs[0]
        for x in xs[1:]:
            total = total * x
        return total
