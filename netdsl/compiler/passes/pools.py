"""Fuse max pooling by 2x2 into the convolution before it.

    before   y = conv(x, w, b, epilogue=max(x0 + x1, 0), kernel=5x5, …)
             z = pool_max(y, kernel=2x2, stride=2x2, …)
    after    z = conv_pool(x, w, b, epilogue=max(x0 + x1, 0), kernel=5x5, …)

The map, four times what is pooled, is read by the pool alone, and the epilogue is a number a channel, a ReLU, or both.
It pays where the numbers of a window are at hand when they are made:

- in a small net's first layer, of one input channel and few outputs, whose pixels lie in the lanes (`fuse_pools`);
- in Winograd's algorithm, whose tiles end in registers (`pool_tiles`, once algorithms are chosen).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from netdsl.compiler.layout import LANES
from netdsl.compiler.passes.draft import Draft
from netdsl.ops.expression import max_, operands
from netdsl.ops.op import Op, Ops

LINES, RUN, LINE, MOST_TAPS, LEAST_WIDTH = 16, 32, 64, 576, 8
_x0, _x1 = operands(2)
USUAL = {None: (0, 0), _x0 + _x1: (1, 0), max_(_x0 + _x1, 0): (1, 1), max_(_x0, 0): (0, 1)}
"""Epilogues, each with whether it adds a number a channel, and whether it ends in a ReLU."""


def fuse_pools(program: Ops) -> Ops:
    """The program with pools merged into the convolutions of one input channel that they follow."""
    return _fuse(program, _is_narrow)


def pool_tiles(program: Ops) -> Ops:
    """The program with pools merged into Winograd's convolutions, which they follow."""
    return _fuse(program, lambda _draft, conv: conv.get("algorithm") == "winograd")


def _fuse(program: Ops, suits: Callable[[Draft, Op], bool]) -> Ops:
    draft = Draft(program)
    for op in program.ops:
        conv = draft.producer(op.ins[0]) if op.kind == "pool_max" else None
        if conv is None or not (_pools(draft, op, conv) and suits(draft, conv)):
            draft.write(op)
            continue
        fused = replace(conv, kind="conv_pool", outs=op.outs)
        draft.reread(op, fused)
        draft.remove(conv)
        draft.write(fused)
    return draft.finish()


def _pools(draft: Draft, pool: Op, conv: Op) -> bool:
    """Whether a pool of 2x2 is all that reads what a convolution with one of the usual epilogues makes."""
    y = conv.outs[0]
    if conv.kind != "conv" or len(conv["kernel"]) != 2 or conv.phase != pool.phase:
        return False
    high, wide, outputs = (int(n) for n in draft.values[y].shape[1:])
    window = (pool["kernel"], pool["stride"], pool["pad"], pool["size"])
    numbers = {draft.values[i].shape for i in conv.ins[2:]}
    return (
        window == ((2, 2), (2, 2), (0, 0, 0, 0), (high // 2, wide // 2))
        and draft.private(y)
        and draft.movable(y)
        and conv.get("epilogue") in USUAL
        and numbers <= {(outputs,)}
    )


def _is_narrow(draft: Draft, conv: Op) -> bool:
    """Whether a convolution has one input channel and few outputs, and runs of its pixels fit into the lanes."""
    wide, outputs = (int(n) for n in draft.values[conv.outs[0]].shape[2:])
    return (
        outputs < LANES
        and int(draft.values[conv.ins[0]].shape[-1]) == 1
        and wide >= LEAST_WIDTH
        and conv["stride"][1] == 1
        and conv["stride"][0] + (conv["kernel"][0] - 1) * conv["dilation"][0] < LINES
        and RUN + (conv["kernel"][1] - 1) * conv["dilation"][1] <= LINE
        and conv["kernel"][0] * conv["kernel"][1] <= MOST_TAPS
    )
