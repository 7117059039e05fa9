"""`softmax` over the last axis, cross-entropy with it, and their gradients.

softmax          y = exp(x - max x) / Σ exp(x - max x)
softmax_dx       dx = y·(dy - Σ y·dy)
softmax_xent     loss = log Σ exp(x - max x) - (x[label] - max x)       x (…, K), labels (…) i32, loss (…)
                 NaN where the label is none of 0 … K-1
softmax_xent_dx  dx = (softmax(x) - onehot(label))·dloss
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.ops.expression import constant, operands
from netdsl.ops.op import Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    assert x, "softmax of a scalar"
    return (x,)


def _dx_shape(attrs: Mapping[str, Any], y: Shape, dy: Shape) -> tuple[Shape, ...]:
    assert y == dy, f"{dy} is not {y}"
    return (y,)


def _xent_shape(attrs: Mapping[str, Any], x: Shape, labels: Shape) -> tuple[Shape, ...]:
    assert labels == x[:-1], f"labels {labels} for {x}"
    return (labels,)


def _xent_dx_shape(attrs: Mapping[str, Any], x: Shape, labels: Shape, dloss: Shape) -> tuple[Shape, ...]:
    assert labels == dloss == x[:-1], f"labels {labels} and {dloss} for {x}"
    return (x,)


def _run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    import numpy as np

    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return (e / e.sum(axis=-1, keepdims=True),)


def _dx_run(attrs: Mapping[str, Any], y: Array, dy: Array) -> tuple[Array, ...]:
    return (y * (dy - (y * dy).sum(axis=-1, keepdims=True)),)


def _xent_run(attrs: Mapping[str, Any], x: Array, labels: Array) -> tuple[Array, ...]:
    import numpy as np

    with np.errstate(all="ignore"):
        shifted = x - x.max(axis=-1, keepdims=True)
        label = np.clip(labels, 0, x.shape[-1] - 1)
        right = np.take_along_axis(shifted, label[..., None].astype(np.int64), axis=-1)[..., 0]
        loss = np.log(np.exp(shifted).sum(axis=-1)) - right
        return (np.where(label == labels, loss, np.nan).astype(x.dtype),)


def _xent_dx_run(attrs: Mapping[str, Any], x: Array, labels: Array, dloss: Array) -> tuple[Array, ...]:
    import numpy as np

    onehot = np.arange(x.shape[-1]) == labels[..., None]
    return ((_run({}, x)[0] - onehot.astype(x.dtype)) * dloss[..., None],)


def _vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    return (build.add("softmax_dx", build.values[op.outs[0]], dy),)


def _inner(build: Build, a: Value, b: Value) -> Value:
    """Σ a·b over the last axis, kept."""
    x0, x1 = operands(2)
    total: Value = build.add("reduce", build.map(x0 * x1, a, b), axes=(len(a.shape) - 1,), keep=True)
    return total


def _dx_vjp(build: Build, op: Op, g: Value) -> Sequence[Value | None]:
    """With g the gradient of dx: dy ← g·(dy - Σ y·dy) - dy·Σ y·g, and the Jacobian is symmetric."""
    y, dy = (build.values[i] for i in op.ins)
    x0, x1, x2, x3 = operands(4)
    to_y = build.map(x0 * (x1 - x2) - x1 * x3, g, dy, _inner(build, y, dy), _inner(build, y, g))
    return to_y, build.add("softmax_dx", y, g)


def _xent_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    x, labels = (build.values[i] for i in op.ins)
    return build.add("softmax_xent_dx", x, labels, dy), None


def _xent_dx_vjp(build: Build, op: Op, g: Value) -> Sequence[Value | None]:
    x, labels, dloss = (build.values[i] for i in op.ins)
    x0, x1 = operands(2)
    wide: Value = build.add("reshape", dloss, shape=(*dloss.shape[int(dloss.batched) :], 1))
    to_x = build.add("softmax_dx", build.add("softmax", x), build.map(x0 * x1, g, wide))
    one = build.map(constant(1), shape=dloss.shape)
    slope = build.map(x0 * x1, g, build.add("softmax_xent_dx", x, labels, one))
    return to_x, None, build.add("reduce", slope, axes=(len(x.shape) - 1,), keep=False)


register(Kind("softmax", _shape, _run, _vjp))
register(Kind("softmax_dx", _dx_shape, _dx_run, _dx_vjp))
register(Kind("softmax_xent", _xent_shape, _xent_run, _xent_vjp))
register(Kind("softmax_xent_dx", _xent_dx_shape, _xent_dx_run, _xent_dx_vjp))
