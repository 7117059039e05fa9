"""`map`, the row-wise operations and `random`: what works on numbers or rows where they lie."""

from __future__ import annotations

from math import prod

from netdsl.compiler.translate.step import (
    CODE,
    Context,
    Operand,
    Step,
    axis_fields,
    merge_axes,
    sizes,
)
from netdsl.ops.op import Op


def elementwise(op: Op, at: Context) -> list[Step]:
    """`map` over the fewest axes that its operands allow; panels are walked flat."""
    out = op.outs[0]
    shape = at.shape(out)
    flat = at.length(out)
    if flat and flat != prod(sizes(shape)):
        walk, walks = [flat], [[1], *([1] if sizes(at.shape(i)) else [0] for i in op.ins)]
    else:
        strides = [at.strides(out), *(at.broadcast(i, at.shape(i), shape) for i in op.ins)]
        walk, walks = merge_axes(sizes(shape), strides)
    ids = (out, *op.ins)
    placed = [Operand(i, tuple(w)) for i, w in zip(ids, walks, strict=True)]
    fields = {**axis_fields("size", walk), "inputs": len(op.ins)}
    return [Step("map", (placed[0], CODE, *placed[1:]), fields, prod(walk) * 2, code=op["expression"])]


def rowwise(op: Op, at: Context) -> list[Step]:
    """softmax, its gradients, cross-entropy and lrn_sum: along the last axis of their first input."""
    *rows, columns = sizes(at.shape(op.ins[0]))
    fields: dict[str, int | float] = {"rows": prod(rows), "columns": columns}
    fields |= {name: op[name] for name in ("before", "after") if op.kind == "lrn_sum"}
    return [Step(op.kind, tuple(map(Operand, (*op.outs, *op.ins))), fields, prod(rows) * columns * 8)]


def random(op: Op, at: Context) -> list[Step]:
    """One stream of numbers, a row an image."""
    distribution = ("uniform", "bernoulli", "normal").index(op["distribution"])
    key = op["key"] - (1 << 64) if op["key"] >= 1 << 63 else op["key"]
    columns = prod(sizes(at.shape(op.outs[0])))
    fields = {"columns": columns, "distribution": distribution, "key": key, "p": float(op.get("p", 0.0))}
    return [Step("random", (Operand(op.outs[0]), *map(Operand, op.ins[:2])), fields, columns * 8)]
