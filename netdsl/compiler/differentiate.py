"""Gradients of a program, as operations of the same program.

    before   y = dot(x, w, transpose=none)
             loss = reduce(y, axes=0x1, keep=false)
    after    %4 = map(expression=1, shape=())
             %5 = map(%4, expression=x0, shape=(n,3))
             gw = dot(x, %5, transpose=a)

Operations are visited in reverse, and each kind's `vjp` emits those of its inputs' gradients, under the phase
`backward` and the origin of the operation itself. What a value's several readers contribute is added in the order of
those readers.
"""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.ops.expression import constant, operands
from netdsl.ops.op import KINDS, Build, Op, Value


def differentiate(build: Build, loss: Value, wrt: Sequence[Value]) -> list[Value]:
    """Emit the gradient of a scalar by each value of `wrt`, in its shape; zeros where it does not depend on it."""
    assert loss.shape == (), f"{loss.name} is no scalar: {loss.shape}"
    ops = tuple(build.ops)
    reached = _depends_on(ops, wrt)
    phase, origin = build.phase, build.origin
    build.phase, build.origin = "backward", ""
    parts: dict[int, list[Value]] = {loss.id: [build.map(constant(1), shape=())]}
    for op in reversed(ops):
        if any(i in reached for i in op.ins) and any(i in parts for i in op.outs):
            build.origin = op.origin
            _visit(build, op, reached, parts)
    build.origin = ""
    gradients = [_total(build, parts.get(v.id)) or build.map(constant(0), shape=v.shape) for v in wrt]
    build.phase, build.origin = phase, origin
    return gradients


def _depends_on(ops: Sequence[Op], wrt: Sequence[Value]) -> set[int]:
    """Ids of the values that depend on one of `wrt`."""
    reached = {v.id for v in wrt}
    for op in ops:
        if any(i in reached for i in op.ins):
            reached.update(op.outs)
    return reached


def _visit(build: Build, op: Op, reached: set[int], parts: dict[int, list[Value]]) -> None:
    """Add the gradients of one operation's inputs to `parts`, which holds those of later readers already."""
    vjp = KINDS[op.kind].vjp
    if vjp is None:
        return
    gradients = vjp(build, op, *(_total(build, parts.get(i)) for i in op.outs))
    assert len(gradients) == len(op.ins), op.kind
    for i, gradient in reversed(list(zip(op.ins, gradients, strict=True))):
        if gradient is not None and i in reached:
            assert gradient.shape == build.values[i].shape, f"{op.kind}: {gradient.shape} for {build.values[i].shape}"
            parts.setdefault(i, []).append(gradient)


def _total(build: Build, parts: list[Value] | None) -> Value | None:
    """The sum in the order of the readers, the reverse of that in which their contributions were found."""
    if not parts:
        return None
    x0, x1 = operands(2)
    total = parts[-1]
    for part in parts[-2::-1]:
        total = build.map(x0 + x1, total, part)
    parts[:] = [total]
    return total
