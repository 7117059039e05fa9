"""Pools and their gradients: one kernel each."""

from __future__ import annotations

from math import prod

from netdsl.compiler.translate.geometry import geometry, image_fields
from netdsl.compiler.translate.step import Context, Operand, Step, sizes
from netdsl.ops.op import BATCH, Op


def pool(op: Op, at: Context) -> list[Step]:
    """`pool_max pool_sum` and their gradients; fields are those of the forward pool."""
    if op.kind == "pool_sum_dx":
        x, y = at.shape(op.outs[0]), at.shape(op.ins[0])
    else:
        x, y = at.shape(op.ins[0]), (BATCH, *op["size"], at.shape(op.ins[0])[-1])
    fields = {**image_fields("in", x), **image_fields("out", y), **geometry(op)}
    kernel = op.kind
    return [Step(kernel, tuple(map(Operand, (*op.outs, *op.ins))), fields, prod(sizes(y)) * prod(op["kernel"]))]
