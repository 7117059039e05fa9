"""`max`: the maximum of several values, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.merge import Pointwise

if TYPE_CHECKING:
    from netdsl.ops.expression import Expression


@dataclass(frozen=True)
class Maximum(Pointwise, keyword="max"):
    """y = act(max x_i) (Goodfellow et al. 2013); operands align at the last axis and axes of size 1 stretch."""

    examples = (
        ("max", ((3, 4, 2), (3, 4, 2))),
        ("max(act=tanh)", ((3, 4, 2), (2,), (3, 1, 2))),
        ("max(fit=crop)", ((5, 4, 2), (2, 3, 2))),
        ("max(fit=pad)", ((5, 4, 2), (2, 3, 2))),
        ("max", ((2, 3),) * 9),
    )

    def join(self, xs: Sequence[Expression]) -> Expression:
        from netdsl.ops.expression import max_

        largest = xs[0]
        for x in xs[1:]:
            largest = max_(largest, x)
        return largest
