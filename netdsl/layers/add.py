"""`add`: the sum of several values, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.merge import Pointwise

if TYPE_CHECKING:
    from netdsl.ops.expression import Expression


@dataclass(frozen=True)
class Add(Pointwise, keyword="add"):
    """y = act(Σ x_i) (He et al. 2015, for residuals); operands align at the last axis and axes of size 1 stretch."""

    examples = (
        ("add", ((3, 4, 2), (3, 4, 2))),
        ("add(act=tanh)", ((3, 4, 2), (2,), (3, 1, 2))),
        ("add(fit=crop)", ((5, 4, 2), (2, 3, 2))),
        ("add(fit=pad)", ((5, 4, 2), (2, 3, 2))),
        ("add", ((2, 3),) * 9),
    )

    def join(self, xs: Sequence[Expression]) -> Expression:
        total = xs[0]
        for x in xs[1:]:
            total = total + x
        return total
