"""Transform the weights of Winograd's convolution as they are read, where few tiles share them.

    before   y = conv(x, w, algorithm=winograd, …)                    w in 36 points, four times its size
    after    y = conv(x, w, algorithm=winograd, late=registers, …)    w in panels

Over few tiles a convolution is bound by reading its weights: transformed again at every run, in `registers` or a few
columns at a time in a `scratch` that stays in the cache, they are a quarter of the memory and of the traffic. Where
every run changes the weights, it transforms them in any case. A neutral choice: the bits are the same.
"""

from __future__ import annotations

from dataclasses import replace

from netdsl.compiler.translate.product import staging
from netdsl.compiler.winograd import SMALL, size_of
from netdsl.ops.conv_pool import map_shape
from netdsl.ops.op import Op, Ops

MOST_TILES = 8  # for which weights are transformed in registers, four tiles at a time
LEAST_WEIGHTS, MOST_POINTS = 2**19, 2**21
LEAST_LEARNING = 2**17


def transform_late(program: Ops, batch: int) -> Ops:
    """The program with `late` on the convolutions that transform their weights themselves."""
    least = LEAST_LEARNING if any(op.kind == "assign" for op in program.ops) else LEAST_WEIGHTS
    return replace(program, ops=tuple(_late(program, op, batch, least) for op in program.ops))


def _late(program: Ops, op: Op, batch: int, least: int) -> Op:
    if op.get("algorithm") != "winograd" or op.kind == "conv_dw" or size_of(op) != SMALL:
        return op
    height, width, outputs = (int(n) for n in map_shape(op, lambda i: program.values[i].shape)[1:])
    inputs, tiles = int(program.values[op.ins[0]].shape[-1]), batch * -(-height // 4) * -(-width // 4)
    form = late_form(tiles, inputs, outputs, least)
    return replace(op, attrs=tuple(sorted((dict(op.attrs) | {"late": form}).items()))) if form else op


def late_form(tiles: int, inputs: int, outputs: int, least: int) -> str:
    """Where a convolution transforms its weights as it reads them, if there are at least so many; or nothing."""
    if tiles <= MOST_TILES:
        return "registers"
    staged = not staging(SMALL.points, tiles, inputs, outputs)[0]
    return "scratch" if staged and inputs * outputs >= least and SMALL.points * tiles * inputs <= MOST_POINTS else ""
