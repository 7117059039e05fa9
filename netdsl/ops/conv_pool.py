"""`conv_pool`: a convolution, what its epilogue makes of it, and the largest number of each 2x2 window of that.

    y[n,i,j,o] = max over u,v in {0, 1} of epilogue(conv(x, w, …))[n, 2i + u, 2j + v, o]

Attributes and operands are those of `conv`; a last line or column that fills no window is left out. It comes from
fusing alone, after gradients were taken, so it has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from netdsl.ops.op import KINDS, Kind, Shape, register
from netdsl.ops.window import positions

if TYPE_CHECKING:
    from netdsl.ops.op import Array, Op


def map_shape(op: Op, shape: Callable[[int], Shape]) -> Shape:
    """The shape of what a convolution makes of its images, and a `conv_pool` pools."""
    if op.kind != "conv_pool":
        return shape(op.outs[0])
    x = shape(op.ins[0])
    size = positions(x[1:-1], *(op[name] for name in ("kernel", "stride", "pad", "dilation")))
    return (x[0], *size, shape(op.outs[0])[-1])


def _shape(attrs: Mapping[str, Any], x: Shape, w: Shape, *extra: Shape) -> tuple[Shape, ...]:
    (y,) = KINDS["conv"].shape(attrs, x, w, *extra)
    assert len(y) == 4 and min(map(int, y[1:3])) >= 2, f"no window of 2x2 in {y}"
    return ((y[0], int(y[1]) // 2, int(y[2]) // 2, y[3]),)


def _run(attrs: Mapping[str, Any], x: Array, w: Array, *extra: Array) -> tuple[Array, ...]:
    (y,) = KINDS["conv"].run(attrs, x, w, *extra)
    high, wide = y.shape[1] // 2, y.shape[2] // 2
    windows = y[:, : 2 * high, : 2 * wide].reshape(len(y), high, 2, wide, 2, y.shape[3])
    return (windows.max((2, 4)),)


register(Kind("conv_pool", _shape, _run))
