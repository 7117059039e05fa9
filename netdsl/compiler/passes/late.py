"""Transform the weights of Winograd's convolution as they are read, where few tiles share them.

    before   y = conv(x, w, algorithm=winograd, …)                    w in 36 points, four times its size
    after    y = conv(x, w, algorithm=winograd, late=true, …)         w in panels

Over few tiles a convolution is bound by reading its weights: transformed again at every run, a few columns at a time in
the cache, they are a quarter of the memory and of the traffic. A neutral choice: the bits are the same.
"""

from __future__ import annotations

from dataclasses import replace

from netdsl.compiler.translate.product import transforms_late
from netdsl.ops.op import Op, Ops


def transform_late(program: Ops, batch: int) -> Ops:
    """The program with `late=true` on the convolutions that transform their weights themselves."""
    return replace(program, ops=tuple(_late(program, op, batch) for op in program.ops))


def _late(program: Ops, op: Op, batch: int) -> Op:
    if op.get("algorithm") != "winograd" or op.kind == "conv_dw":  # which reads no weight
        return op
    height, width, outputs = (int(n) for n in program.values[op.outs[0]].shape[1:])
    inputs, tiles = int(program.values[op.ins[0]].shape[-1]), batch * -(-height // 4) * -(-width // 4)
    if not transforms_late(tiles, inputs, outputs):
        return op
    return replace(op, attrs=tuple(sorted((dict(op.attrs) | {"late": True}).items())))
