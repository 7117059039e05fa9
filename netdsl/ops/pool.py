"""Sliding windows without weights: `pool_max`, `pool_sum` and their gradients.

`kernel`, `stride` and `pad` (flat pairs) as for `conv`; `size` is the output's spatial size, so that rounding up needs
no attribute of its own: windows are clipped to the image, and each holds at least one pixel of it. The maximum of a
window is its first in scanning order; NaN counts as greater than any number.

    pool_max       y = max of the window           pool_max_dx    dx = Σ dy of the windows whose maximum a pixel is
    pool_max_pick  y = g where x has its maximum (the gradient of pool_max_dx)
    pool_sum       y = Σ of the window             pool_sum_dx    dx = Σ dy of the windows that a pixel lies in
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.ops.op import Build, Kind, Op, Shape, Value, register
from netdsl.ops.window import Sizes, befores, frame, reach, taps, unframe

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _geometry(op: Op, **more: Any) -> dict[str, Any]:
    return {name: op[name] for name in ("kernel", "stride", "pad")} | more


def _check(attrs: Mapping[str, Any], image: Sequence[Any], size: Sizes) -> None:
    kernel, stride, before = attrs["kernel"], attrs["stride"], befores(attrs["pad"])
    assert len(image) == len(size) == len(kernel) == len(stride) == len(before), (image, size, kernel, stride)
    for n, o, k, s, b in zip(image, size, kernel, stride, before, strict=True):
        assert o > 0 and s > 0 and 0 <= b < k and (o - 1) * s - b < n, f"an empty window: {attrs} over {image}"


def _reach(attrs: Mapping[str, Any], size: Sizes) -> Sizes:
    return reach(size, attrs["kernel"], attrs["stride"], (1,) * len(size))


def _taps(attrs: Mapping[str, Any], size: Sizes) -> Any:
    return taps(size, attrs["kernel"], attrs["stride"], (1,) * len(size))


def _shape(attrs: Mapping[str, Any], x: Shape, *others: Shape) -> tuple[Shape, ...]:
    _check(attrs, x[1:-1], attrs["size"])
    return ((x[0], *attrs["size"], x[-1]),)


def _pick_shape(attrs: Mapping[str, Any], x: Shape, g: Shape) -> tuple[Shape, ...]:
    assert g == x, f"{g} is not {x}"
    return _shape(attrs, x)


def _max_dx_shape(attrs: Mapping[str, Any], x: Shape, dy: Shape) -> tuple[Shape, ...]:
    assert (dy,) == _shape(attrs, x), f"{dy} does not come from {x}"
    return (x,)


def _sum_dx_shape(attrs: Mapping[str, Any], dy: Shape) -> tuple[Shape, ...]:
    _check(attrs, attrs["input"], tuple(int(n) for n in dy[1:-1]))
    return ((dy[0], *attrs["input"], dy[-1]),)


def _max_run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    import numpy as np

    size = attrs["size"]
    framed = frame(x, _reach(attrs, size), befores(attrs["pad"]), -np.inf)
    y = np.full((x.shape[0], *size, x.shape[-1]), -np.inf, x.dtype)
    for _, seen in _taps(attrs, size):
        np.maximum(y, framed[seen], out=y)
    return (y,)


def _first_maximum(attrs: Mapping[str, Any], x: Array) -> Array:
    """Number of the tap, in scanning order, that holds each window's first maximum."""
    import numpy as np

    size, extent, before = attrs["size"], _reach(attrs, attrs["size"]), befores(attrs["pad"])
    framed = frame(x, extent, before, -np.inf)
    inside = frame(np.ones_like(x[:1], bool), extent, before, False)
    best = np.full((x.shape[0], *size, x.shape[-1]), -np.inf, x.dtype)
    chosen = np.full(best.shape, -1)
    for number, (_, seen) in enumerate(_taps(attrs, size)):
        value = framed[seen]
        better = inside[seen] & ((chosen < 0) | (value > best) | (np.isnan(value) & ~np.isnan(best)))
        best, chosen = np.where(better, value, best), np.where(better, number, chosen)
    return chosen


def _max_dx_run(attrs: Mapping[str, Any], x: Array, dy: Array) -> tuple[Array, ...]:
    import numpy as np

    chosen = _first_maximum(attrs, x)
    framed = np.zeros((x.shape[0], *_reach(attrs, attrs["size"]), x.shape[-1]), x.dtype)
    for number, (_, seen) in enumerate(_taps(attrs, attrs["size"])):
        framed[seen] += np.where(chosen == number, dy, 0)
    return (unframe(framed, x.shape[1:-1], befores(attrs["pad"])),)


def _pick_run(attrs: Mapping[str, Any], x: Array, g: Array) -> tuple[Array, ...]:
    import numpy as np

    chosen = _first_maximum(attrs, x)
    framed = frame(g, _reach(attrs, attrs["size"]), befores(attrs["pad"]), 0)
    y = np.zeros(chosen.shape, x.dtype)
    for number, (_, seen) in enumerate(_taps(attrs, attrs["size"])):
        y = np.where(chosen == number, framed[seen], y)
    return (y,)


def _sum_run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    import numpy as np

    size = attrs["size"]
    framed = frame(x, _reach(attrs, size), befores(attrs["pad"]), 0)
    y = np.zeros((x.shape[0], *size, x.shape[-1]), x.dtype)
    for _, seen in _taps(attrs, size):
        y += framed[seen]
    return (y,)


def _sum_dx_run(attrs: Mapping[str, Any], dy: Array) -> tuple[Array, ...]:
    import numpy as np

    size = dy.shape[1:-1]
    framed = np.zeros((dy.shape[0], *_reach(attrs, size), dy.shape[-1]), dy.dtype)
    for _, seen in _taps(attrs, size):
        framed[seen] += dy
    return (unframe(framed, attrs["input"], befores(attrs["pad"])),)


def _max_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    return (build.add("pool_max_dx", build.values[op.ins[0]], dy, **_geometry(op, size=op["size"])),)


def _max_dx_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    return None, build.add("pool_max_pick", build.values[op.ins[0]], dy, **_geometry(op, size=op["size"]))


def _pick_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    return None, build.add("pool_max_dx", build.values[op.ins[0]], dy, **_geometry(op, size=op["size"]))


def _sum_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    size = build.values[op.ins[0]].shape[1:-1]
    return (build.add("pool_sum_dx", dy, **_geometry(op, input=size)),)


def _sum_dx_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    size = build.values[op.ins[0]].shape[1:-1]
    return (build.add("pool_sum", dy, **_geometry(op, size=size)),)


register(Kind("pool_max", _shape, _max_run, _max_vjp))
register(Kind("pool_max_dx", _max_dx_shape, _max_dx_run, _max_dx_vjp))
register(Kind("pool_max_pick", _pick_shape, _pick_run, _pick_vjp))
register(Kind("pool_sum", _shape, _sum_run, _sum_vjp))
register(Kind("pool_sum_dx", _sum_dx_shape, _sum_dx_run, _sum_dx_vjp))
