"""Remove operations whose results nobody needs.

    before   dx = conv_dx(dy, w, …)
             dw = conv_dw(x, dy, …)
             assign(w, dw)
    after    dw = conv_dw(x, dy, …)
             assign(w, dw)

Needed are the outputs, the gradients that are asked for, and what an `assign` stores.
"""

from __future__ import annotations

from dataclasses import replace

from netdsl.ops.op import Op, Ops


def remove_dead(program: Ops) -> Ops:
    """The program without operations that reach no root and no `assign`."""
    needed = {*program.outputs.values(), *program.gradients.values()}
    kept: list[Op] = []
    for op in reversed(program.ops):
        if op.kind == "assign" or any(i in needed for i in op.outs):
            needed.update(op.ins)
            kept.append(op)
    return replace(program, ops=tuple(reversed(kept)))
