"""`resample` and `resample_dx`: a map at another size, each axis by itself, and the gradient.

`size` is the spatial size of the result of `resample`; `input` that of its source. An axis of n numbers becomes one of
m by a rule, which says how much of each number a result takes:

    nearest    the number at floor(o·n/m)
    bilinear   the two round (o + 1/2)·n/m - 1/2, in proportion to their nearness, within the axis
    area       the mean of floor(o·n/m) up to ceil((o + 1)·n/m)

A result's share of a number is the product over the axes. Positions are exact: they are computed in whole numbers.
`bilinear` puts pixels' centres at halves, as PyTorch without `align_corners` and TensorFlow 2 do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.ops.op import Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array

RULES = ("nearest", "bilinear", "area")


def shares(rule: str, n: int, m: int) -> Array:
    """The matrix (m, n) of what each of m results takes of each of n numbers, in float64."""
    import numpy as np

    table, o = np.zeros((m, n)), np.arange(m)
    if rule == "nearest":
        table[o, o * n // m] = 1
    elif rule == "bilinear":
        first, rest = np.divmod(np.maximum((2 * o + 1) * n - m, 0), 2 * m)
        table[o, first] += 1 - rest / (2 * m)
        table[o, np.minimum(first + 1, n - 1)] += rest / (2 * m)
    else:
        begin, end = o * n // m, -(-(o + 1) * n // m)
        for row, a, b in zip(table, begin, end, strict=True):
            row[a:b] = 1 / (b - a)
    return table


def _check(attrs: Mapping[str, Any], sizes: Sequence[Any], other: Sequence[Any]) -> None:
    assert attrs["rule"] in RULES, attrs["rule"]
    assert len(sizes) == len(other) in (1, 2, 3) and all(int(n) > 0 for n in (*sizes, *other)), (sizes, other)


def _shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    _check(attrs, x[1:-1], attrs["size"])
    return ((x[0], *attrs["size"], x[-1]),)


def _dx_shape(attrs: Mapping[str, Any], dy: Shape) -> tuple[Shape, ...]:
    _check(attrs, dy[1:-1], attrs["input"])
    return ((dy[0], *attrs["input"], dy[-1]),)


def _along(x: Array, axis: int, table: Array) -> Array:
    """Each line along an axis, times a matrix; what has no share is not looked at."""
    import numpy as np

    lines = np.moveaxis(x, axis, 0)
    y = np.zeros((len(table), *lines.shape[1:]), x.dtype)
    for o, i in np.argwhere(table):
        y[o] += x.dtype.type(table[o, i]) * lines[i]
    return np.ascontiguousarray(np.moveaxis(y, 0, axis))


def _run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    for axis, m in enumerate(attrs["size"], 1):
        x = _along(x, axis, shares(attrs["rule"], x.shape[axis], m))
    return (x,)


def _dx_run(attrs: Mapping[str, Any], dy: Array) -> tuple[Array, ...]:
    for axis, n in enumerate(attrs["input"], 1):
        dy = _along(dy, axis, shares(attrs["rule"], n, dy.shape[axis]).T)
    return (dy,)


def _vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    return (build.add("resample_dx", dy, rule=op["rule"], input=build.values[op.ins[0]].shape[1:-1]),)


def _dx_vjp(build: Build, op: Op, g: Value) -> Sequence[Value | None]:
    return (build.add("resample", g, rule=op["rule"], size=build.values[op.ins[0]].shape[1:-1]),)


register(Kind("resample", _shape, _run, _vjp))
register(Kind("resample_dx", _dx_shape, _dx_run, _dx_vjp))
