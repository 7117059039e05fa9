"""`reduce` and `moments`: sums in chunks that shape and declared batch alone decide."""

from __future__ import annotations

from math import prod

from netdsl.compiler.translate.step import (
    ABSENT,
    SCRATCH,
    Context,
    Operand,
    Step,
    axis_fields,
    chunked,
    dense_strides,
    merge_axes,
    sizes,
)
from netdsl.ops.op import Op

MOMENT_ROWS = 2048


def reduce(op: Op, at: Context) -> list[Step]:
    """A sum over any axes; over images in chunks."""
    x, axes = at.shape(op.ins[0]), op["axes"]
    inner = sizes(x)
    first = len(x) - len(inner)
    kept = [1 if axis + first in axes else n for axis, n in enumerate(inner)]
    strides = tuple(0 if axis + first in axes else s for axis, s in enumerate(dense_strides(kept)))
    batched = first == 1 and 0 not in axes
    terms = prod(n for axis, n in enumerate(inner) if axis + first in axes) * (at.batch if first and not batched else 1)
    length = prod(kept)
    chunks, rows = (1, terms) if batched else chunked(terms, length, 4096)
    walk, walks = merge_axes(inner, [strides, at.strides(op.ins[0])])
    scratch = chunks * length if chunks > 1 else 0
    ends = Operand(op.outs[0], tuple(walks[0])), Operand(op.ins[0], tuple(walks[1]))
    fields = {**axis_fields("size", walk), "chunks": chunks, "chunk_rows": rows}
    return [Step("reduce", (*ends, SCRATCH if scratch else ABSENT), fields, prod(inner), scratch)]


def moments(op: Op, at: Context) -> list[Step]:
    """Mean and variance of each channel."""
    x, axes = at.shape(op.ins[0]), op["axes"]
    assert tuple(axes) == tuple(range(len(x) - 1)), f"moments over {axes} of {x}"
    rows, columns = prod(sizes(x)[:-1]), sizes(x)[-1]
    chunks = -(-rows // MOMENT_ROWS)
    operands = (*map(Operand, op.outs), Operand(op.ins[0]), SCRATCH)
    fields = {"rows": rows, "columns": columns, "chunks": chunks, "chunk_rows": MOMENT_ROWS}
    return [Step("moments", operands, fields, rows * columns * 2, at.batch * chunks * 3 * columns)]
