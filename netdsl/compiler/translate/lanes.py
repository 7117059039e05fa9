"""Operations on values whose batch lies in the lanes: a group of 16 images is one image with one more axis.

y = conv(x, w, …)    →   conv_lanes       y, x, w dense
dx = conv_dx(dy, w)  →   conv_lanes       turned: w read backwards
map, reduce          →   the same, over (…, 16)          pools   →   the same, with 16 times the channels
a sum for each channel   →   sums, reduce    over 16 times the channels, then over the lanes
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from netdsl.compiler.lanes import GROUP, POOLS
from netdsl.compiler.translate.elementwise import elementwise
from netdsl.compiler.translate.geometry import Fields, geometry, image_fields, triple
from netdsl.compiler.translate.pool import pool
from netdsl.compiler.translate.product import turned_geometry
from netdsl.compiler.translate.step import (
    ABSENT,
    CODE,
    SCRATCH,
    Context,
    Operand,
    Step,
    axis_fields,
    chunked,
    sizes,
)
from netdsl.compiler.translate.sums import reduce
from netdsl.ops.conv_pool import map_shape
from netdsl.ops.op import Op, Shape

LEAST_ROWS = 128  # of a chunk of a sum for each channel


def in_groups(op: Op, at: Context) -> list[Step]:
    """The steps of an operation in the lanes, over groups of images."""
    groups = replace(at, batch=-(-at.batch // GROUP))
    return [replace(step, fields={**step.fields, "lanes": GROUP}) for step in _steps(op, groups)]


def _steps(op: Op, at: Context) -> list[Step]:
    if op.kind in ("conv", "conv_dx"):
        return [_conv(op, at)]
    if op.kind == "conv_pool":
        return _conv_pool(op, at)
    if op.kind == "conv_dw":
        return [_conv_dw(op, at)]
    if op.kind in POOLS:
        return pool(op, replace(at, shape=lambda i: _wider(at.shape(i))))
    longer = replace(at, shape=lambda i: _longer(at.shape(i)))
    if op.kind == "reduce" and op["axes"] == tuple(range(len(at.shape(op.ins[0])) - 1)):
        return _sums(op, at)
    if op.kind == "reduce":
        last = len(at.shape(op.ins[0]))
        axes = (*op["axes"], last) if 0 in op["axes"] else op["axes"]
        return reduce(replace(op, attrs=(("axes", axes),)), longer)
    return elementwise(op, longer)


def _wider(shape: Shape) -> Shape:
    return (*shape[:-1], int(shape[-1]) * GROUP)


def _longer(shape: Shape) -> Shape:
    """One more axis, the lanes of a batched value; what has no images stretches along it."""
    return (*shape, GROUP if sizes(shape) != shape else 1) if shape else shape


def _conv(op: Op, at: Context) -> Step:
    x, y = at.shape(op.ins[0]), at.shape(op.outs[0])
    fields = {**image_fields("in", x), **image_fields("out", y), **geometry(op)}
    if op.kind == "conv_dx":
        fields |= {**turned_geometry(op), **triple("upsample", ()), "turned": 1}
    epilogue, extra = op.get("epilogue"), op.ins[2:]
    if epilogue is not None:
        fields["inputs"] = 1 + len(extra)
    each = [(0, 0, int(prod(sizes(at.shape(i))) > 1), 0, 0) for i in extra]
    rest = [Operand(i, strides) for i, strides in zip(extra, each, strict=True)]
    ends = (Operand(op.outs[0]), *map(Operand, op.ins[:2]), ABSENT if epilogue is None else CODE, *rest)
    smaller = x if op.kind == "conv_dx" else y
    work = GROUP * prod(sizes(smaller)[:-1]) * prod(sizes(at.shape(op.ins[1])))
    return Step("conv_lanes", ends, fields, work, code=epilogue)


def _sums(op: Op, at: Context) -> list[Step]:
    """A sum for each channel and lane, where numbers that lie side by side are added, then one over the lanes."""
    *space, channels = sizes(at.shape(op.ins[0]))
    rows, columns = prod(space), channels * GROUP
    chunks, chunk_rows = chunked(rows * at.batch, columns, LEAST_ROWS)
    partials = Operand("scratch", shift=columns) if chunks > 1 else ABSENT
    fields: Fields = {
        "rows": rows,
        "columns": columns,
        "inputs": 1,
        "outputs": 1,
        "chunks": chunks,
        "chunk_rows": chunk_rows,
    }
    ends = (SCRATCH, ABSENT, ABSENT, partials, Operand(op.ins[0], (columns, 1, 0, 0, 0)))
    side_by_side = Step("sums", ends, fields, rows * columns, columns * (1 + chunks))
    lanes = Operand(op.outs[0], (1, 0)), Operand("scratch", (GROUP, 1)), ABSENT
    over: Fields = {**axis_fields("size", (channels, GROUP)), "chunks": 1, "chunk_rows": GROUP}
    return [side_by_side, Step("reduce", lanes, over, 0)]


def _conv_pool(op: Op, at: Context) -> list[Step]:
    """The convolution into the scratch, and the pool."""
    between, shape = -1, map_shape(op, at.shape)
    image = GROUP * prod(sizes(shape))
    inside = replace(at, shape=lambda i: shape if i == between else at.shape(i))
    pads, size = (0, 0, 0, 0), sizes(at.shape(op.outs[0]))[:-1]
    attrs = (("kernel", (2, 2)), ("pad", pads), ("size", size), ("stride", (2, 2)))
    pooled = Op("pool_max", (between,), op.outs, attrs, op.phase, op.origin)
    steps = [_conv(replace(op, kind="conv", outs=(between,)), inside), *_steps(pooled, inside)]

    def placed(operand: Operand) -> Operand:
        return replace(operand, value="scratch", image=image) if operand.value == between else operand

    return [replace(s, operands=tuple(map(placed, s.operands)), scratch=at.batch * image) for s in steps]


def _conv_dw(op: Op, at: Context) -> Step:
    x, dy = (at.shape(i) for i in op.ins)
    fields = {**image_fields("in", x), **image_fields("out", dy), **geometry(op)}
    length = prod(sizes(at.shape(op.outs[0])))
    chunks, chunk_rows = chunked(at.batch, length, 1)
    fields |= {"chunks": chunks, "chunk_rows": chunk_rows}
    ends = (*map(Operand, (*op.outs, *op.ins)), SCRATCH if chunks > 1 else ABSENT)
    work = GROUP * prod(sizes(dy)[:-1]) * length
    return Step("conv_dw_lanes", ends, fields, work, chunks * length if chunks > 1 else 0)
