"""Fuse maps into the sums that read them, and sums over the same operands into one, which reads them once.

    before   s = reduce(dy, axes=0x1x2, keep=false)
             z = map(x, mean, dy, expression=x2*(x0 - x1))
             t = reduce(z, axes=0x1x2, keep=false)
    after    s, t = reduce(dy, x, mean, axes=0x1x2, expressions=(x0,x0*(x1 - x2)), keep=false)

So the gradient of batch normalisation is one pass that reads dy and x, and one that writes dx. It is done for sums over
all axes but the last, or over all, whose operands are scalars, one number a channel, or arrays of the whole shape; and
two sums become one where an operand of that shape is read by both, and those of the later are there at the earlier.
"""

from __future__ import annotations

from dataclasses import replace

from netdsl.compiler.passes.draft import Draft, inline
from netdsl.ops.expression import Expression, node_count, operands, substitute
from netdsl.ops.map import broadcast
from netdsl.ops.op import Op, Ops, Shape

MAX_SUMS = 2
MAX_OPERANDS = 4
MAX_NODES = 32


def fuse_sums(program: Ops) -> Ops:
    """The program with maps merged into sums, and sums merged into one."""
    draft = Draft(program)
    open_sums: dict[object, Op] = {}
    for op in program.ops:
        if op.kind != "reduce" or not _by_columns(draft, op):
            draft.write(op)
            continue
        while (fused := _absorb(draft, op)) is not None:
            op = fused
        key = (_wide(draft, op), op["axes"], op["keep"], op.phase)
        earlier = open_sums.get(key)
        joint = None if earlier is None else _join(draft, earlier, op)
        if earlier is None or joint is None:
            draft.write(op)
            open_sums[key] = op
            continue
        draft.readers.subtract(set(op.ins))
        draft.replace(earlier, joint)
        open_sums[key] = joint
    return draft.finish()


def _wide(draft: Draft, op: Op) -> Shape:
    return broadcast(*(draft.values[i].shape for i in op.ins))


def _by_columns(draft: Draft, op: Op) -> bool:
    rank = len(_wide(draft, op))
    return op["axes"] in (tuple(range(rank - 1)), tuple(range(rank)))


def _expressions(op: Op) -> tuple[Expression, ...]:
    found: tuple[Expression, ...] = op.get("expressions", operands(1))
    return found


def _with(op: Op, expressions: tuple[Expression, ...], ins: tuple[int, ...], outs: tuple[int, ...]) -> Op:
    attrs = dict(op.attrs) | {"expressions": expressions}
    return replace(op, ins=ins, outs=outs, attrs=tuple(sorted(attrs.items())))


def _absorb(draft: Draft, op: Op) -> Op | None:
    """The sum with the map taken in that makes one of its operands, or None where there is none to take."""
    wide = _wide(draft, op)
    per_column = wide[-1:] if len(op["axes"]) < len(wide) else ()
    for i in op.ins:
        inner = draft.producer(i)
        if inner is None or inner.kind != "map" or draft.values[i].shape != wide:
            continue
        if inner.phase != op.phase or not draft.private(i) or not draft.movable(i):
            continue
        whole, ins = inline(_expressions(op)[0], op.ins, i, inner["expression"], inner.ins)
        shapes = {draft.values[j].shape for j in ins}
        fits = wide in shapes and shapes <= {wide, per_column, ()}
        if not fits or len(ins) > MAX_OPERANDS or node_count(whole) > MAX_NODES:
            continue
        fused = _with(op, (whole,), ins, op.outs)
        draft.reread(op, fused)
        draft.remove(inner)
        return fused
    return None


def _join(draft: Draft, first: Op, second: Op) -> Op | None:
    """Both sums as one operation, in the place of the first, or None where that cannot be or does not pay."""
    ids = tuple(dict.fromkeys((*first.ins, *second.ins)))
    wide = _wide(draft, first)
    shared = any(draft.values[i].shape == wide for i in set(first.ins) & set(second.ins))
    if not shared or len(ids) > MAX_OPERANDS or len(first.outs) + len(second.outs) > MAX_SUMS:
        return None
    if not all(draft.unchanged(i, first) for i in second.ins):
        return None
    places = operands(len(ids))

    def over_both(op: Op) -> tuple[Expression, ...]:
        return tuple(substitute(e, [places[ids.index(i)] for i in op.ins]) for e in _expressions(op))

    expressions = (*over_both(first), *over_both(second))
    if len(set(expressions)) < len(expressions):
        return None
    return _with(first, expressions, ids, (*first.outs, *second.outs))
