"""`reduce`: sums over axes; `moments`: mean and biased variance, in two passes. Axis 0 is the batch.

`reduce` sums its operand, or, with `expressions`, one expression after the other of operands that broadcast:

    dbeta, s = reduce(dy, x, mean, axes=0x1x2, expressions=(x0,x0*(x1 - x2)), keep=false)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.ops.derivative import derivative
from netdsl.ops.expression import Expression, constant, evaluate, operands
from netdsl.ops.map import broadcast, emit, unbroadcast
from netdsl.ops.op import BATCH, Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _check(axes: Sequence[int], x: Shape) -> None:
    assert list(axes) == sorted(set(axes)) and axes and axes[0] >= 0 and axes[-1] < len(x), f"axes {axes} of {x}"


def _kept(x: Shape, axes: Sequence[int]) -> Shape:
    return tuple(1 if axis in axes else size for axis, size in enumerate(x))


def _dropped(x: Shape, axes: Sequence[int]) -> Shape:
    return tuple(size for axis, size in enumerate(x) if axis not in axes)


def _expressions(attrs: Mapping[str, Any]) -> tuple[Expression, ...]:
    found: tuple[Expression, ...] = attrs.get("expressions", operands(1))
    return found


def _shape(attrs: Mapping[str, Any], *xs: Shape) -> tuple[Shape, ...]:
    wide, expressions = broadcast(*xs), _expressions(attrs)
    _check(attrs["axes"], wide)
    assert expressions and len(set(expressions)) == len(expressions), f"expressions {expressions}"
    assert all(e.arity <= len(xs) for e in expressions), f"{expressions} of {len(xs)} operands"
    return ((_kept if attrs["keep"] else _dropped)(wide, attrs["axes"]),) * len(expressions)


def _run(attrs: Mapping[str, Any], *xs: Array) -> tuple[Array, ...]:
    import numpy as np

    shape = np.broadcast_shapes(*(x.shape for x in xs))
    terms = (np.broadcast_to(evaluate(e, xs), shape) for e in _expressions(attrs))
    return tuple(np.asarray(t.sum(axis=attrs["axes"], keepdims=attrs["keep"])) for t in terms)


def stretchable(build: Build, value: Value, x: Shape, axes: Sequence[int]) -> Value:
    """A value whose `axes` of x were dropped, reshaped where it must be so that it broadcasts against x."""
    target = _kept(x, axes)
    while target and target[0] == 1 and len(target) > len(value.shape):
        target = target[1:]
    if value.shape == target:
        return value
    reshaped: Value = build.add("reshape", value, shape=target[1:] if value.batched else target)
    return reshaped


def _vjp(build: Build, op: Op, *dys: Value | None) -> Sequence[Value | None]:
    """Σ dy·slope for each operand, dy stretched over the axes that were summed."""
    xs = [build.values[i] for i in op.ins]
    wide, expressions = broadcast(*(x.shape for x in xs)), _expressions(dict(op.attrs))
    pairs = [(e, dy) for e, dy in zip(expressions, dys, strict=True) if dy is not None]
    stretched = [dy if op["keep"] else stretchable(build, dy, wide, op["axes"]) for _, dy in pairs]
    upstream = operands(len(xs) + len(pairs))[len(xs) :]

    def gradient(i: int) -> Value | None:
        if xs[i].role in ("scalar", "const") or xs[i].dtype != "f32":
            return None
        slopes = [dy * derivative(e, i) for (e, _), dy in zip(pairs, upstream, strict=True)]
        total = sum(slopes, start=constant(0))
        if total == constant(0):
            return None
        return unbroadcast(build, emit(build, total, [*xs, *stretched], shape=wide), xs[i].shape)

    return [gradient(i) for i in range(len(xs))]


def _moments_shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    _check(attrs["axes"], x)
    return (_dropped(x, attrs["axes"]),) * 2


def _moments_run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    import numpy as np

    axes = attrs["axes"]
    mean = x.mean(axis=axes, keepdims=True)
    variance = np.square(x - mean).mean(axis=axes)
    return np.asarray(mean.reshape(variance.shape)), np.asarray(variance)


def _moments_vjp(build: Build, op: Op, *dys: Value | None) -> Sequence[Value | None]:
    """The gradient dx = (dmean + 2·(x - mean)·dvar)/count; the images' part of the count is known at the run."""
    x, axes = build.values[op.ins[0]], op["axes"]
    mean = build.values[op.outs[0]]
    scale = 1.0 / prod(int(x.shape[a]) for a in axes if x.shape[a] != BATCH)

    def small(value: Value | None, factor: float) -> Value | None:
        """A gradient of a statistic over the count, stretchable."""
        if value is None:
            return None
        x0, x1 = operands(2)
        images = (build.inverse_batch(),) if 0 in axes and x.batched else ()
        scaled = build.map(x0 * (x1 * factor) if images else x0 * factor, value, *images)
        return stretchable(build, scaled, x.shape, axes)

    to_mean, to_variance = small(dys[0], scale), small(dys[1], 2 * scale)
    x0, x1, x2, x3 = operands(4)
    if to_variance is None:
        assert to_mean is not None
        return (build.map(x0, to_mean, shape=x.shape),)
    mean = stretchable(build, mean, x.shape, axes)
    if to_mean is None:
        return (build.map((x0 - x1) * x2, x, mean, to_variance),)
    return (build.map((x0 - x1) * x2 + x3, x, mean, to_variance, to_mean),)


register(Kind("reduce", _shape, _run, _vjp))
register(Kind("moments", _moments_shape, _moments_run, _moments_vjp))
