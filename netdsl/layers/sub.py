"""`sub`: the difference of two values, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.merge import Pointwise

if TYPE_CHECKING:
    from netdsl.ops.expression import Expression


@dataclass(frozen=True)
class Sub(Pointwise, keyword="sub"):
    """y = act(a - b); operands align at the last axis and axes of size 1 stretch."""

    operands: ClassVar[tuple[int, int | None]] = (2, 2)
    examples = (("sub", ((3, 4, 2), (3, 4, 2))), ("sub(act=relu)", ((3, 2), (2,))))

    def join(self, xs: Sequence[Expression]) -> Expression:
        return xs[0] - xs[1]
