"""`reduce`: sums over axes; `moments`: mean and biased variance, in two passes. Axis 0 is the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _check(axes: Sequence[int], x: Shape) -> None:
    assert list(axes) == sorted(set(axes)) and axes and axes[0] >= 0 and axes[-1] < len(x), f"axes {axes} of {x}"


def _kept(x: Shape, axes: Sequence[int]) -> Shape:
    return tuple(1 if axis in axes else size for axis, size in enumerate(x))


def _dropped(x: Shape, axes: Sequence[int]) -> Shape:
    return tuple(size for axis, size in enumerate(x) if axis not in axes)


def _shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    _check(attrs["axes"], x)
    return ((_kept if attrs["keep"] else _dropped)(x, attrs["axes"]),)


def _run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    import numpy as np

    return (np.asarray(x.sum(axis=attrs["axes"], keepdims=attrs["keep"])),)


def stretchable(build: Build, value: Value, x: Shape, axes: Sequence[int]) -> Value:
    """A value whose `axes` of x were dropped, reshaped where it must be so that it broadcasts against x."""
    target = _kept(x, axes)
    while target and target[0] == 1 and len(target) > len(value.shape):
        target = target[1:]
    if value.shape == target:
        return value
    reshaped: Value = build.add("reshape", value, shape=target[1:] if value.batched else target)
    return reshaped


def _vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    x = build.values[op.ins[0]].shape
    narrow = dy if op["keep"] else stretchable(build, dy, x, op["axes"])
    return (build.map(operands(1)[0], narrow, shape=x),)


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
