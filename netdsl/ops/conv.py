"""`conv`, `conv_dx`, `conv_dw`: a linear filter slid over an image, and its two gradients.

    y[n,i,o]  = Σ_{u,c} x[n, i·s + u·d - p, c] · w[u,c,o]          conv
    dx[n,j,c] = Σ_{u,i,o: i·s + u·d - p = j} dy[n,i,o] · w[u,c,o]      conv_dx   (also: the transposed convolution)
    dw[u,c,o] = Σ_{n,i} x[n, i·s + u·d - p, c] · dy[n,i,o]         conv_dw

i, j, u run over one to three spatial axes; c and o within a group. x (n, spatial…, C), y (n, spatial…, O),
w (kernel…, C/groups, O). Each of the three is linear in both operands, and the other two are its gradients. `conv` and
`conv_dx` may carry an `epilogue`, an expression whose x0 is the result and x1 … the further operands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.ops.expression import evaluate
from netdsl.ops.map import broadcast
from netdsl.ops.op import Build, Kind, Op, Shape, Value, register
from netdsl.ops.window import Index, Sizes, befores, frame, positions, reach, taps, unframe

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _geometry(op: Op) -> dict[str, Any]:
    return {name: op[name] for name in ("kernel", "stride", "pad", "dilation", "groups")}


def _positions(attrs: Mapping[str, Any], size: Sequence[Any]) -> Sizes:
    return positions(size, attrs["kernel"], attrs["stride"], attrs["pad"], attrs["dilation"])


def _weight_shape(attrs: Mapping[str, Any], inputs: Any, outputs: Any) -> Shape:
    groups = attrs["groups"]
    assert groups > 0 and inputs % groups == 0 and outputs % groups == 0, f"{groups} groups of {inputs} and {outputs}"
    return (*attrs["kernel"], inputs // groups, outputs)


def _shape(attrs: Mapping[str, Any], x: Shape, w: Shape, *extra: Shape) -> tuple[Shape, ...]:
    assert w == _weight_shape(attrs, x[-1], w[-1]), f"weight {w} for {x}"
    return (_with_epilogue(attrs, (x[0], *_positions(attrs, x[1:-1]), w[-1]), extra),)


def _with_epilogue(attrs: Mapping[str, Any], y: Shape, extra: Sequence[Shape]) -> Shape:
    epilogue = attrs.get("epilogue")
    assert not extra if epilogue is None else epilogue.arity <= 1 + len(extra), f"{len(extra)} operands of {epilogue}"
    assert broadcast(y, *extra) == y, f"an operand of the epilogue is wider than {y}"
    return y


def _dx_shape(attrs: Mapping[str, Any], dy: Shape, w: Shape, *extra: Shape) -> tuple[Shape, ...]:
    channels = int(w[-2]) * attrs["groups"]
    assert w == _weight_shape(attrs, channels, dy[-1]), f"weight {w} for {dy}"
    assert dy[1:-1] == _positions(attrs, attrs["size"]), f"{dy} does not come from {attrs['size']}"
    return (_with_epilogue(attrs, (dy[0], *attrs["size"], channels), extra),)


def _dw_shape(attrs: Mapping[str, Any], x: Shape, dy: Shape) -> tuple[Shape, ...]:
    assert dy[:-1] == (x[0], *_positions(attrs, x[1:-1])), f"{dy} does not come from {x}"
    return (_weight_shape(attrs, x[-1], dy[-1]),)


def _taps(attrs: Mapping[str, Any], size: Sizes) -> Iterator[tuple[Sizes, Index]]:
    return taps(size, attrs["kernel"], attrs["stride"], attrs["dilation"])


def _frame(attrs: Mapping[str, Any], x: Array, size: Sizes) -> Array:
    return frame(x, reach(size, attrs["kernel"], attrs["stride"], attrs["dilation"]), befores(attrs["pad"]), 0)


def _split(x: Array, groups: int) -> Array:
    """(…, groups·c) → (groups, rows, c)."""
    return x.reshape(-1, groups, x.shape[-1] // groups).swapaxes(0, 1)


def _join(x: Array, shape: Sequence[int]) -> Array:
    """(groups, rows, c) → (shape…, groups·c)."""
    return x.swapaxes(0, 1).reshape(*shape, x.shape[0] * x.shape[2])


def _run(attrs: Mapping[str, Any], x: Array, w: Array, *extra: Array) -> tuple[Array, ...]:
    import numpy as np

    size, groups = _positions(attrs, x.shape[1:-1]), attrs["groups"]
    framed = _frame(attrs, x, size)
    y = np.zeros((x.shape[0], *size, w.shape[-1]), x.dtype)
    for tap, seen in _taps(attrs, size):
        y += _join(_split(framed[seen], groups) @ _split(w[tap], groups), y.shape[:-1])
    return (evaluate(attrs["epilogue"], (y, *extra)) if "epilogue" in attrs else y,)


def _dx_run(attrs: Mapping[str, Any], dy: Array, w: Array, *extra: Array) -> tuple[Array, ...]:
    import numpy as np

    size, groups = dy.shape[1:-1], attrs["groups"]
    extent = reach(size, attrs["kernel"], attrs["stride"], attrs["dilation"])
    framed = np.zeros((dy.shape[0], *extent, w.shape[-2] * groups), dy.dtype)
    for tap, seen in _taps(attrs, size):
        framed[seen] += _join(_split(dy, groups) @ _split(w[tap], groups).swapaxes(1, 2), dy.shape[:-1])
    dx = unframe(framed, attrs["size"], befores(attrs["pad"]))
    return (evaluate(attrs["epilogue"], (dx, *extra)) if "epilogue" in attrs else dx,)


def _dw_run(attrs: Mapping[str, Any], x: Array, dy: Array) -> tuple[Array, ...]:
    import numpy as np

    size, groups = dy.shape[1:-1], attrs["groups"]
    framed = _frame(attrs, x, size)
    dw = np.zeros((*attrs["kernel"], x.shape[-1] // groups, dy.shape[-1]), x.dtype)
    for tap, seen in _taps(attrs, size):
        dw[tap] = _join(_split(framed[seen], groups).swapaxes(1, 2) @ _split(dy, groups), dw.shape[-2:-1])
    return (dw,)


def _vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    assert op.get("epilogue") is None, "differentiate before fusing"
    (x, w), geometry = (build.values[i] for i in op.ins), _geometry(op)
    return (
        build.add("conv_dx", dy, w, size=x.shape[1:-1], **geometry),
        build.add("conv_dw", x, dy, **geometry),
    )


def _dx_vjp(build: Build, op: Op, g: Value) -> Sequence[Value | None]:
    assert op.get("epilogue") is None, "differentiate before fusing"
    (dy, w), geometry = (build.values[i] for i in op.ins), _geometry(op)
    return build.add("conv", g, w, **geometry), build.add("conv_dw", g, dy, **geometry)


def _dw_vjp(build: Build, op: Op, g: Value) -> Sequence[Value | None]:
    (x, dy), geometry = (build.values[i] for i in op.ins), _geometry(op)
    return build.add("conv_dx", dy, g, size=x.shape[1:-1], **geometry), build.add("conv", x, g, **geometry)


register(Kind("conv", _shape, _run, _vjp))
register(Kind("conv_dx", _dx_shape, _dx_run, _dx_vjp))
register(Kind("conv_dw", _dw_shape, _dw_run, _dw_vjp))
