"""`reduce` and `moments`: sums in chunks that shape and declared batch alone decide."""

from __future__ import annotations

from math import prod

from netdsl.compiler.translate.step import (
    ABSENT,
    CODE,
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
from netdsl.ops.map import broadcast
from netdsl.ops.op import Op, Shape

MOMENT_ROWS = 2048


def reduce(op: Op, at: Context) -> list[Step]:
    """Sums over all axes but the last, or over all, a row at a time; else over any axes, over images in chunks."""
    shape = broadcast(*map(at.shape, op.ins))
    if op["axes"] == tuple(range(len(shape) - 1)) or op["axes"] == tuple(range(len(shape))):
        return _sums(op, at, shape)
    assert "expressions" not in dict(op.attrs), f"expressions over axes {op['axes']} of {shape}"
    return _reduce(op, at)


def _sums(op: Op, at: Context, shape: Shape) -> list[Step]:
    """Operands of the whole shape, one number a column, or one for all."""
    inner, first = sizes(shape), len(shape) - len(sizes(shape))
    columns = 1 if len(op["axes"]) == len(shape) else inner[-1]
    rows, count = prod(inner) // columns, len(op.outs)

    def place(i: int) -> Operand:
        own = sizes(at.shape(i))
        if prod(own) == 1 and len(own) == len(at.shape(i)):
            return Operand(i)
        assert own == inner or own == inner[-1:], f"{at.shape(i)} in sums over {shape}"
        pitch = at.views[i].pitch if i in at.views else columns
        return Operand(i, (pitch if own == inner else 0, 1, 0, 0, 0))

    chunks, chunk_rows = chunked(rows * (at.batch if first else 1), count * columns, 512, most=64)
    scratch = chunks * count * columns if chunks > 1 else 0
    outs = [*map(Operand, op.outs), ABSENT][:2]
    code = op.get("expressions")
    ends = (*outs, CODE if code else ABSENT, SCRATCH if scratch else ABSENT, *map(place, op.ins))
    fields: dict[str, int | float] = {"rows": rows, "columns": columns, "inputs": len(op.ins), "outputs": count}
    fields |= {"chunks": chunks, "chunk_rows": chunk_rows}
    return [Step("sums", ends, fields, rows * columns * len(op.ins), scratch, code)]


def _reduce(op: Op, at: Context) -> list[Step]:
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
    fields: dict[str, int | float] = {"rows": rows, "columns": columns, "chunks": chunks, "chunk_rows": MOMENT_ROWS}
    return [Step("moments", operands, fields, rows * columns * 2, at.batch * chunks * 3 * columns)]
