"""Moving elements without arithmetic: `pad slice concat reshape permute`. Axes are counted without the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.ops.op import BATCH, Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _halves(x: Shape) -> tuple[Shape, tuple[int, ...]]:
    """The batch axis, if there is one, and the other sizes."""
    split = int(bool(x) and x[0] == BATCH)
    return x[:split], tuple(int(size) for size in x[split:])


def _pad_shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    batch, sizes = _halves(x)
    pads = attrs["pads"]
    assert len(pads) == 2 * len(sizes) and min(pads) >= 0, f"pads {pads} of {x}"
    return ((*batch, *(n + pads[2 * i] + pads[2 * i + 1] for i, n in enumerate(sizes))),)


def _pad_run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    import numpy as np

    pads = [(0, 0)] * (x.ndim - len(attrs["pads"]) // 2) + list(
        zip(attrs["pads"][::2], attrs["pads"][1::2], strict=True)
    )
    return (np.pad(x, pads, constant_values=attrs["number"]),)


def _pad_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    _, sizes = _halves(build.values[op.ins[0]].shape)
    start = op["pads"][::2]
    return (build.add("slice", dy, start=start, stop=tuple(a + n for a, n in zip(start, sizes, strict=True))),)


def _slice_shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    batch, sizes = _halves(x)
    start, stop = attrs["start"], attrs["stop"]
    assert len(start) == len(stop) == len(sizes), f"{start} to {stop} of {x}"
    assert all(0 <= a < b <= n for a, b, n in zip(start, stop, sizes, strict=True)), f"{start} to {stop} of {x}"
    return ((*batch, *(b - a for a, b in zip(start, stop, strict=True))),)


def _slice_run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    cut = [slice(a, b) for a, b in zip(attrs["start"], attrs["stop"], strict=True)]
    return (x[(slice(None),) * (x.ndim - len(cut)) + tuple(cut)].copy(),)


def _slice_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    _, sizes = _halves(build.values[op.ins[0]].shape)
    pads = tuple(p for a, b, n in zip(op["start"], op["stop"], sizes, strict=True) for p in (a, n - b))
    return (build.add("pad", dy, pads=pads, number=0.0),)


def _concat_shape(attrs: Mapping[str, Any], *xs: Shape) -> tuple[Shape, ...]:
    batch, sizes = _halves(xs[0])
    axis = attrs["axis"]
    assert xs and 0 <= axis < len(sizes), f"axis {axis} of {xs}"
    others = [(head, (*rest[:axis], *rest[axis + 1 :])) for head, rest in map(_halves, xs)]
    assert all(other == others[0] for other in others), f"{xs} differ beside axis {axis}"
    return ((*batch, *sizes[:axis], sum(_halves(x)[1][axis] for x in xs), *sizes[axis + 1 :]),)


def _concat_run(attrs: Mapping[str, Any], *xs: Array) -> tuple[Array, ...]:
    import numpy as np

    return (np.concatenate(xs, axis=attrs["axis"] + attrs["batched"]),)


def _concat_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    axis, at, gradients = op["axis"], 0, []
    _, whole = _halves(dy.shape)
    for i in op.ins:
        width = _halves(build.values[i].shape)[1][axis]
        start = (0,) * axis + (at,) + (0,) * (len(whole) - axis - 1)
        stop = (*whole[:axis], at + width, *whole[axis + 1 :])
        gradients.append(build.add("slice", dy, start=start, stop=stop))
        at += width
    return gradients


def _reshape_shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    batch, sizes = _halves(x)
    assert prod(sizes) == prod(attrs["shape"]), f"{x} into {attrs['shape']}"
    return ((*batch, *attrs["shape"]),)


def _reshape_run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    return (x.reshape((*x.shape[: int(attrs["batched"])], *attrs["shape"])),)


def _reshape_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    return (build.add("reshape", dy, shape=_halves(build.values[op.ins[0]].shape)[1]),)


def _permute_shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    batch, sizes = _halves(x)
    assert sorted(attrs["order"]) == list(range(len(sizes))), f"order {attrs['order']} of {x}"
    return ((*batch, *(sizes[axis] for axis in attrs["order"])),)


def _permute_run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    import numpy as np

    first = x.ndim - len(attrs["order"])
    order = (*range(first), *(first + axis for axis in attrs["order"]))
    return (np.ascontiguousarray(x.transpose(order)),)


def _permute_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    order = op["order"]
    return (build.add("permute", dy, order=tuple(order.index(axis) for axis in range(len(order)))),)


register(Kind("pad", _pad_shape, _pad_run, _pad_vjp))
register(Kind("slice", _slice_shape, _slice_run, _slice_vjp))
register(Kind("concat", _concat_shape, _concat_run, _concat_vjp))
register(Kind("reshape", _reshape_shape, _reshape_run, _reshape_vjp))
register(Kind("permute", _permute_shape, _permute_run, _permute_vjp))
