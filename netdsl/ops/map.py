"""`map`: one expression for every element of broadcast operands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.ops.derivative import derivative
from netdsl.ops.expression import (
    Expression,
    constant,
    evaluate,
    indices,
    operands,
    rebuild,
    split_product,
    substitute,
    where,
)
from netdsl.ops.op import Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def broadcast(*shapes: Shape) -> Shape:
    """The common shape, aligned at the last axis, axes of size 1 stretched; asserts that there is one."""
    rank = max((len(shape) for shape in shapes), default=0)
    result = []
    for axis in range(-rank, 0):
        sizes = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        assert len(sizes) <= 1, f"shapes do not broadcast: {shapes}"
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


def broadcast_to(shape: Shape, target: Shape) -> bool:
    """Whether an array of one shape stretches to the other."""
    pairs = zip(shape[::-1], target[::-1], strict=False)
    return len(shape) <= len(target) and all(a in (1, b) for a, b in pairs)


def _shape(attrs: Mapping[str, Any], *xs: Shape) -> tuple[Shape, ...]:
    assert attrs["expression"].arity <= len(xs), f"{attrs['expression']} of {len(xs)} operands"
    shape = broadcast(*xs, *([attrs["shape"]] if "shape" in attrs else []))
    assert attrs.get("shape", shape) == shape, f"{attrs['shape']} is narrower than its operands"
    return (shape,)


def _run(attrs: Mapping[str, Any], *xs: Array) -> tuple[Array, ...]:
    import numpy as np

    shape = np.broadcast_shapes(*(x.shape for x in xs), attrs.get("shape", ()))
    y = evaluate(attrs["expression"], xs)
    return (y if y.shape == shape else np.broadcast_to(y, shape).copy(),)


def _vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    y = build.values[op.outs[0]]
    xs = [build.values[i] for i in op.ins]
    return [_gradient(build, op["expression"], xs, y, dy, i) for i in range(len(xs))]


def _gradient(build: Build, expression: Expression, xs: Sequence[Value], y: Value, dy: Value, i: int) -> Value | None:
    """Σ dy·slope over the stretched axes; factors that do not vary along them are applied to the sum."""
    if xs[i].role in ("scalar", "const") or xs[i].dtype != "f32":
        return None
    *_, out, upstream = operands(len(xs) + 2)
    slope = with_output(derivative(expression, i), expression, out)
    if slope == constant(0):
        return None
    shape, after = xs[i].shape, constant(1)
    if shape != y.shape:
        small = {j for j, x in enumerate(xs) if broadcast_to(x.shape, shape)}
        after, slope = split_product(slope, lambda factor: indices(factor) <= small)
    wide = dy if slope == constant(1) else emit(build, _times(upstream, slope), [*xs, y, dy])
    total = unbroadcast(build, wide, shape)
    return total if after == constant(1) else emit(build, upstream * after, [*xs, y, total])


def emit(
    build: Build, expression: Expression, xs: Sequence[Value], *, shape: Shape | None = None, name: str = ""
) -> Value:
    """A map over those of `xs` that the expression reads, each once."""
    used = sorted(indices(expression))
    ids = list(dict.fromkeys(xs[i].id for i in used))
    places = operands(len(ids))
    renamed = substitute(expression, [places[ids.index(x.id)] if x.id in ids else constant(0) for x in xs])
    return build.map(renamed, *(build.values[i] for i in ids), shape=shape, name=name)


def with_output(slope: Expression, expression: Expression, out: Expression) -> Expression:
    """The derivative written with the map's own result where it occurs, so that the operands need not be kept.

    tanh' = 1 - y·y, exp' = y; a test of the operand against the kink of a rising function becomes a test of y.
    """
    if expression.op in ("x", "c"):
        return slope
    known = {expression: out, **{test: rebuild("gt", pair) for test, pair in _kinks(expression, out)}}

    def visit(e: Expression) -> Expression:
        if e in known:
            return known[e]
        return rebuild(e.op, [visit(a) for a in e.args]) if e.args else e

    return visit(slope)


def _kinks(e: Expression, out: Expression) -> list[tuple[Expression, list[Expression]]]:
    """Tests in the derivative of a max, a min or a leaky slope, each with the sides of the same test of the result."""
    if e.op == "where":
        test, above, below = e.args
        inner, slope = split_product(below, lambda factor: factor.op != "c")
        leaky = (
            test == Expression("gt", (above, constant(0))) and inner == above and slope.op == "c" and slope.number > 0
        )
        return [(test, [out, constant(0)])] if leaky else []
    if e.op not in ("max", "min") or e.args[1].op != "c":
        return []
    inner, bound = e.args
    own = [inner, bound] if e.op == "max" else [bound, inner]
    found = [(rebuild("gt", own), [out if side == inner else side for side in own])]
    clipped = e.op == "min" and inner.op == "max" and inner.args[1].op == "c" and inner.args[1].number < bound.number
    return [*found, (rebuild("gt", inner.args), [out, inner.args[1]])] if clipped else found


def _times(dy: Expression, slope: Expression) -> Expression:
    """dy·slope, inside the branches of a `where`: what a mask drops is 0 even where dy is not finite."""
    if slope.op == "where":
        return where(slope.args[0], _times(dy, slope.args[1]), _times(dy, slope.args[2]))
    return dy * slope


def unbroadcast(build: Build, wide: Value, shape: Shape) -> Value:
    """The sum over the axes along which an operand of this shape was stretched."""
    extra = len(wide.shape) - len(shape)
    stretched = [extra + i for i, size in enumerate(shape) if size == 1 and wide.shape[extra + i] != 1]
    if not extra and not stretched:
        return wide
    axes = (*range(extra), *stretched)
    total: Value = build.add("reduce", wide, axes=axes, keep=bool(stretched))
    if total.shape == shape:
        return total
    reshaped: Value = build.add("reshape", total, shape=shape)
    return reshaped


register(Kind("map", _shape, _run, _vjp))
