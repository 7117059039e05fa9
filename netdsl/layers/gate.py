"""`gate`: a value mixed with its own carry, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.merge import Pointwise

if TYPE_CHECKING:
    from netdsl.ops.expression import Expression


@dataclass(frozen=True)
class Gate(Pointwise, keyword="gate"):
    """y = act(h·t + x·(1 - t)) of three values h, t, x: the highway layer (Srivastava et al. 2015, equation 3).

    t, usually a sigmoid, says how much of the transformed h passes; the rest is carried over from x.
    Operands align at the last axis and axes of size 1 stretch.
    """

    operands: ClassVar[tuple[int, int | None]] = (3, 3)

    examples = (
        ("gate", ((3, 4, 2), (3, 4, 2), (3, 4, 2))),
        ("gate(act=tanh)", ((5,), (1,), (5,))),
        ("gate(fit=crop)", ((3, 4, 2), (5, 4, 2), (3, 6, 2))),
    )

    def join(self, xs: Sequence[Expression]) -> Expression:
        h, t, x = xs
        return h * t + x * (1.0 - t)
