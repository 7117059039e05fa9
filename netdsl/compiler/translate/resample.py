"""`resample` and its gradient: one kernel each."""

from __future__ import annotations

from math import prod

from netdsl.compiler.translate.geometry import image_fields
from netdsl.compiler.translate.step import Context, Operand, Step, sizes
from netdsl.ops.op import Op
from netdsl.ops.resample import RULES


def resample(op: Op, at: Context) -> list[Step]:
    """Fields are those of the forward operation."""
    made, read = at.shape(op.outs[0]), at.shape(op.ins[0])
    x, y = (read, made) if op.kind == "resample" else (made, read)
    fields = {**image_fields("in", x), **image_fields("out", y), "rule": RULES.index(op["rule"])}
    work = 4 * max(prod(sizes(x)), prod(sizes(y)))
    return [Step(op.kind, (Operand(op.outs[0]), Operand(op.ins[0])), fields, work)]
