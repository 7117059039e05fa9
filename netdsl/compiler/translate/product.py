"""`conv`, `conv_dx`, `conv_dw` and `dot`: all of them one kernel, and one for the gradient of weights.

y = conv(x, w, kernel=3x3, …)    →   conv      y, x, w; in_h in_w in_c out_h … from the shapes
dx = conv_dx(dy, w, …)           →   conv      on dy, stride 1, upsample = stride, pad = dilation·(kernel - 1) - pad
y = dot(x, w)                    →   conv      1x1
dx = dot(dy, w, transpose=b)     →   dot_dx    w as it lies

A convolution whose window is the whole image is a product of matrices, too, and so are its gradients.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from netdsl.compiler.dense import is_dense
from netdsl.compiler.passes.pools import USUAL
from netdsl.compiler.translate.geometry import Fields, geometry, image_fields, pads, triple
from netdsl.compiler.translate.step import (
    ABSENT,
    CODE,
    SCRATCH,
    Context,
    Operand,
    Step,
    chunked,
    sizes,
)
from netdsl.compiler.winograd import Size
from netdsl.ops.conv_pool import map_shape
from netdsl.ops.op import BATCH, Op, Shape

GAP = 48
CACHE, MOST_STAGED = 5 * 2**19, 2**26
FEW_TILES = 112
LATE_FORMS = ("", "scratch", "registers")  # as `fresh` counts them
IN_REGISTERS, GROUP = 2, 4
KIN = {
    ("conv", "grouped"): "conv_grouped",
    ("conv_dw", "grouped"): "conv_grouped_dw",
    ("conv_dw", "winograd"): "conv_dw_winograd",
}
LEAST_ROWS, LEAST_TILES = 1152, 196  # of a chunk of a weight gradient


def _product(op: Op, at: Context, fields: Fields, work: int, kernel: str = "conv") -> list[Step]:
    y = at.shape(op.outs[0])
    epilogue, extra = op.get("epilogue"), op.ins[2:]
    code = ABSENT if epilogue is None else CODE
    d, h, w, c = (int(fields[f"out_{a}"]) for a in "dhwc")
    wide: Shape = (BATCH, d * h, w, c)
    rest = [Operand(i, (*at.broadcast(i, _spread(at.shape(i), y, wide), wide), 0, 0)) for i in extra]
    if epilogue is not None:
        fields = {**fields, "inputs": 1 + len(extra)}
    ends = (Operand(op.outs[0]), *map(Operand, op.ins[:2]), code, *rest)
    if op.get("algorithm") == "winograd":
        return [_winograd(op, ends, at, fields, work)]
    return [Step(_kernel(kernel, op), ends, fields, work, code=epilogue)]


def _kernel(name: str, op: Op) -> str:
    """The kernel of a direct product, or its kin for another algorithm."""
    return KIN.get((name, op.get("algorithm")), name)


def _winograd(op: Op, ends: tuple[Operand, ...], at: Context, fields: Fields, work: int) -> Step:
    """In blocks of tiles, or in stages where transformed weights exceed the cache or are read again too often."""
    fields, late = {**fields, "tile": op["tile"][0], "staged": 0, "fresh": 0}, op.get("late")
    epilogue = None if op.kind == "conv_pool" else op.get("epilogue")
    fused = Step("conv_winograd", (*ends, *[ABSENT] * (8 - len(ends))), fields, work, 0, epilogue)
    tiles, inputs, outputs = winograd_tiles(fused, at.batch), int(fields["in_c"]), int(fields["out_c"])
    points = points_of(fused)
    if late:
        step = replace(fused, fields={**fields, "fresh": LATE_FORMS.index(late)})
        why = f"{tiles} tiles are too few to read {_kib(points * inputs * outputs)} of transformed weights for them"
        return replace(with_staging(step, True, at.batch), refused=(("from transformed weights", why),))
    stages, blocks = staging(points, tiles, inputs, outputs)
    refused = ("in stages", stages) if stages else ("in blocks of tiles", blocks)
    return replace(with_staging(fused, not stages, at.batch), refused=(refused,))


def _kib(weights: int) -> str:
    return f"{weights >> 8:,} KiB"


def winograd_tiles(step: Step, batch: int) -> int:
    """Tiles in a batch."""
    tile = int(step.fields["tile"])
    return batch * -(-int(step.fields["out_h"]) // tile) * -(-int(step.fields["out_w"]) // tile)


def points_of(step: Step) -> int:
    """Points of a tile."""
    return Size(int(step.fields["tile"]), int(step.fields["kernel_h"])).points


def staged_points(step: Step, batch: int) -> int:
    """Elements of the points of all tiles, which the stages pass on; in registers, of those of x in whole groups."""
    tiles, inputs, outputs = winograd_tiles(step, batch), int(step.fields["in_c"]), int(step.fields["out_c"])
    if step.fields["fresh"] == IN_REGISTERS:
        return points_of(step) * -(-tiles // GROUP) * GROUP * inputs
    return points_of(step) * (tiles * (inputs + outputs) + 2 * GAP)


def with_staging(step: Step, staged: bool, batch: int) -> Step:
    """The step in stages over all tiles, or fused in blocks of tiles: the same bits."""
    operands = (*step.operands[:7], SCRATCH if staged else ABSENT)
    scratch = staged_points(step, batch) if staged else 0
    return replace(step, operands=operands, fields={**step.fields, "staged": int(staged)}, scratch=scratch)


def staging(points: int, tiles: int, inputs: int, outputs: int) -> tuple[str, str]:
    """Why Winograd's three parts are not stages over all tiles, and why they are not fused in blocks; one is empty."""
    weights, passed = points * inputs * outputs, points * (tiles * (inputs + outputs) + 2 * GAP)
    size = _kib(weights)
    if passed > MOST_STAGED:
        return f"the points of {tiles:,} tiles take {passed >> 8:,} KiB, more than {MOST_STAGED >> 8:,}", ""
    if weights > CACHE:
        return "", f"its transformed weights, {size}, exceed the cache and would be read again for each block"
    if weights > CACHE // 8 and tiles <= FEW_TILES:
        return "", f"{tiles} tiles are too few for blocks that share {size} of transformed weights"
    return f"its transformed weights, {size}, stay in the cache from block to block", ""


def _spread(shape: Shape, y: Shape, wide: Shape) -> Shape:
    """An epilogue operand's shape over (out_d * out_h, out_w, out_c): a full one takes the map's axes."""
    if shape == y:
        return wide
    if shape and shape[0] == BATCH and len(shape) == len(y) != len(wide):
        assert all(n == 1 for n in shape[1:-1]), f"{shape} for {y}"
        return (BATCH, 1, 1, shape[-1])
    return shape


def conv(op: Op, at: Context) -> list[Step]:
    """The convolution itself."""
    if is_dense(op, at.shape):
        return _dense(op, at)
    x, y, w = at.shape(op.ins[0]), at.shape(op.outs[0]), sizes(at.shape(op.ins[1]))
    fields = {**image_fields("in", x), **image_fields("out", y), **geometry(op)}
    return _product(op, at, fields, prod(sizes(y)[:-1]) * prod(w))


def conv_pool(op: Op, at: Context) -> list[Step]:
    """A convolution whose epilogue is a number a channel, a ReLU or both, and max pooling of 2x2."""
    (x, w), y = map(at.shape, op.ins[:2]), map_shape(op, at.shape)
    biased, relu = USUAL[op.get("epilogue")]
    fields = {**image_fields("in", x), **image_fields("out", y), **geometry(op), "relu": relu, "inputs": 1 + biased}
    work = prod(sizes(y)[:-1]) * prod(sizes(w))
    operands = tuple(map(Operand, (*op.outs, *op.ins)))
    if op.get("algorithm") == "winograd":
        ends = (*operands[:3], ABSENT, *operands[3:])
        return [_winograd(op, ends, at, {**fields, "pool": 1}, work)]
    return [Step("conv_pool", operands, fields, work)]


def turned_geometry(op: Op) -> Fields:
    """What differs, from the window of a convolution, in the window over dy that gives the gradient of its image."""
    reach = [d * (k - 1) - p for d, k, p in zip(op["dilation"], op["kernel"], op["pad"][::2], strict=True)]
    return {**pads(reach), **triple("stride", ()), **triple("upsample", op["stride"])}


def conv_dx(op: Op, at: Context) -> list[Step]:
    """The gradient of an image: a convolution of dy with the turned kernel."""
    if is_dense(op, at.shape):
        return _dense(op, at)
    dy, dx, w = at.shape(op.ins[0]), at.shape(op.outs[0]), sizes(at.shape(op.ins[1]))
    fields = {**image_fields("in", dy), **image_fields("out", dx), **geometry(op), **turned_geometry(op)}
    return _product(op, at, fields, prod(sizes(dy)[:-1]) * prod(w))


def _weight_gradient(op: Op, at: Context, fields: Fields, rows: int) -> list[Step]:
    length, winograd = at.length(op.outs[0]), op.get("algorithm") == "winograd"
    tiles = -(-int(fields["out_h"]) // 4) * -(-int(fields["out_w"]) // 4)
    terms, least = (tiles, LEAST_TILES) if winograd else (rows, LEAST_ROWS)
    chunks, chunk_rows = chunked(at.batch * terms, length, least)
    fields = {**fields, "chunks": chunks, "chunk_rows": chunk_rows}
    scratch = chunks * length if chunks > 1 else 0
    operands = (Operand(op.outs[0]), *map(Operand, op.ins), SCRATCH if scratch else ABSENT)
    work = rows * prod(sizes(at.shape(op.outs[0])))
    return [Step(_kernel("conv_dw", op), operands, fields, work, scratch)]


def conv_dw(op: Op, at: Context) -> list[Step]:
    """The gradient of a kernel, in panels."""
    if is_dense(op, at.shape):
        return _dense(op, at)
    x, dy = (at.shape(i) for i in op.ins)
    return _weight_gradient(
        op, at, {**image_fields("in", x), **image_fields("out", dy), **geometry(op)}, prod(sizes(dy)[:-1])
    )


_ONE_BY_ONE: Fields = {
    **{key: 1 for name in ("kernel", "stride", "dilation", "upsample") for key in triple(name, ())},
    **pads(()),
    "groups": 1,
}


def dot(op: Op, at: Context) -> list[Step]:
    """A 1x1 convolution; further rows of an image (a sequence) are the height of the map."""
    first, second = (at.shape(i) for i in op.ins[:2])
    *space, channels = sizes(first)
    rows = prod(space)
    out = sizes(second)[-1] if op["transpose"] == "a" else sizes(at.shape(op.outs[0]))[-1]
    return _matrices(op, at, rows, channels, out, op["transpose"])


def _dense(op: Op, at: Context) -> list[Step]:
    """A convolution whose window is the whole image, or a gradient of it: one row an image."""
    transpose = {"conv": "none", "conv_dx": "b", "conv_dw": "a"}[op.kind]
    inputs = prod(sizes(at.shape(op.ins[0])))
    out = prod(sizes(at.shape(op.ins[1] if transpose == "a" else op.outs[0])))
    return _matrices(op, at, 1, inputs, out, transpose)


def _matrices(op: Op, at: Context, rows: int, channels: int, out: int, transpose: str) -> list[Step]:
    """A product of `rows` rows an image, from `channels` numbers to `out`; `transpose` as of `dot`."""
    shape = {**triple("in", (rows, 1)), **triple("out", (rows, 1)), "in_c": channels, "out_c": out}
    fields = {**_ONE_BY_ONE, **shape}
    if transpose == "a":
        return _weight_gradient(op, at, fields, rows)
    return _product(op, at, fields, rows * channels * out, "conv" if transpose == "none" else "dot_dx")
