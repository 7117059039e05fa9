"""Fuse chains of maps into one, so that what lies between is never stored.

    before   z = map(x, b, expression=x0 + x1)
             y = map(z, expression=tanh(x0))
    after    y = map(x, b, expression=tanh(x0 + x1))

A map is absorbed by its only reader in the same phase, where the two have one shape. A constant, or a mere stretching
of an operand, is absorbed by every map that reads it, and a map that changes nothing is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netdsl.compiler.passes.draft import Draft, inline
from netdsl.ops.expression import Expression, node_count
from netdsl.ops.map import broadcast
from netdsl.ops.op import Op, Ops

MAX_OPERANDS = 6
MAX_NODES = 48


def fuse_maps(program: Ops) -> Ops:
    """The program with maps merged into the maps that read them."""
    draft = Draft(program)
    copies: dict[int, int] = {}
    for op in program.ops:
        op = replace(op, ins=tuple(copies.get(i, i) for i in op.ins))
        while op.kind == "map" and (fused := _absorb(draft, op)) is not None:
            op = fused
        if _is_copy(draft, op):
            copies[op.outs[0]] = op.ins[0]
            draft.readers[op.ins[0]] += draft.readers[op.outs[0]] - 1
            continue
        draft.write(op)
    return draft.finish()


def _is_copy(draft: Draft, op: Op) -> bool:
    """Whether a map is its operand unchanged, so that its readers may read that; not a tensor that may be assigned."""
    if op.kind != "map" or op["expression"].op != "x" or op.outs[0] in draft.roots:
        return False
    source = draft.values[op.ins[0]]
    return source.shape == draft.values[op.outs[0]].shape and source.role in ("temp", "input")


def _absorb(draft: Draft, op: Op) -> Op | None:
    """The map with one of its operands' maps taken in, or None where there is none to take."""
    for i in op.ins:
        inner = draft.producer(i)
        if inner is None or inner.kind != "map" or not _may_absorb(draft, op, i, inner):
            continue
        expression, ins = inline(op["expression"], op.ins, i, inner["expression"], inner.ins)
        if len(ins) > MAX_OPERANDS or node_count(expression) > MAX_NODES:
            continue
        fused = with_expression(draft, op, expression, ins)
        alone = draft.private(i)
        draft.reread(op, fused)
        if alone:
            draft.remove(inner)
        return fused
    return None


def _may_absorb(draft: Draft, op: Op, i: int, inner: Op) -> bool:
    if not draft.movable(i):
        return False
    if inner["expression"].op in ("c", "x"):
        return inner.phase == op.phase or not inner.ins
    same = draft.values[i].shape == draft.values[op.outs[0]].shape and inner.phase == op.phase
    return same and draft.private(i)


def with_expression(draft: Draft, op: Op, expression: Expression, ins: tuple[int, ...]) -> Op:
    """A map of the same result; `shape` is given only where the operands alone would give a narrower one."""
    shape = draft.values[op.outs[0]].shape
    attrs: dict[str, Any] = {"expression": expression}
    if broadcast(*(draft.values[i].shape for i in ins)) != shape:
        attrs["shape"] = shape
    return Op("map", ins, op.outs, tuple(sorted(attrs.items())), op.phase, op.origin)
