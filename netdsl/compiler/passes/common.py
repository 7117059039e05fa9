"""Compute once what is computed twice.

    before   s = reduce(dy, axes=0x1x2, keep=false)
             t = reduce(dy, axes=0x1x2, keep=false)
             u = map(t, expression=x0*2)
    after    s = reduce(dy, axes=0x1x2, keep=false)
             u = map(s, expression=x0*2)

Two operations are the same in kind, attributes, operands and phase, with no assignment to an operand in between. What
the backward phase computes again of the forward phase it computes again on purpose: keeping it would cost memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from netdsl.ops.op import Op, Ops


def merge_common(program: Ops) -> Ops:
    """The program without operations that repeat an earlier one."""
    same: dict[int, int] = {}
    known: dict[object, Op] = {}
    writes: Counter[int] = Counter()
    ops: list[Op] = []
    for op in program.ops:
        op = replace(op, ins=tuple(same.get(i, i) for i in op.ins))
        key = (op.kind, op.ins, op.attrs, op.phase, tuple(writes[i] for i in op.ins))
        if op.kind == "assign":
            writes[op.ins[0]] += 1
        elif (first := known.setdefault(key, op)) is not op:
            same.update(zip(op.outs, first.outs, strict=True))
            continue
        ops.append(op)
    outputs = {name: same.get(i, i) for name, i in program.outputs.items()}
    gradients = {name: same.get(i, i) for name, i in program.gradients.items()}
    return replace(program, ops=tuple(ops), outputs=outputs, gradients=gradients)
