"""Which values have their batch in the lanes: 16 images side by side, as (n/16, H, W, C, 16).

A net of few channels, such as LeNet-5 with 6 and 16, would leave most of 16 channel lanes empty. With the batch in
the lanes none is wasted. It pays where the declared batch fills the lanes and every convolution is small; a
dense layer, whose outputs are many, keeps channels in the lanes.

Where images do not fill the last group, lanes are absent. They hold 0 where numbers come in, and whatever follows from
that elsewhere; so a sum over images may read only what is *clean*, 0 in absent lanes: a gradient that came in clean,
and what is proportional to one.
"""

from __future__ import annotations

from math import prod

from netdsl.compiler.dense import is_dense
from netdsl.ops.expression import Expression
from netdsl.ops.op import Op, Ops, Value

GROUP = 16
MOST_CHANNELS = 32
MOST_TERMS = 576
MOST_TAPS = 128
POOLS = ("pool_max", "pool_max_dx", "pool_sum", "pool_sum_dx")
PRODUCTS = ("conv", "conv_dx", "conv_dw", "conv_pool")


def batch_fills_lanes(program: Ops, batch: int) -> bool:
    """Whether the convolutions of a program are computed with the batch in the lanes."""
    return not refusal(program, batch)


def refusal(program: Ops, batch: int) -> str:
    """Why the convolutions of a program are not computed with the batch in the lanes, or nothing."""
    products = [op for op in program.ops if op.kind in PRODUCTS and not _is_dense(program, op)]
    if batch < GROUP:
        return f"a batch of {batch} leaves some of {GROUP} lanes empty"
    if all(min(_channels(program, op)) >= GROUP for op in products):
        return f"no convolution has fewer than {GROUP} channels"
    large = next((op for op in products if not _fits(program, op)), None)
    return f"`{large.origin}` is too large for it" if large else ""


def _is_dense(program: Ops, op: Op) -> bool:
    return is_dense(op, lambda i: program.values[i].shape)


def _channels(program: Ops, op: Op) -> tuple[int, int]:
    """Input and output channels of a product of images."""
    image = program.values[op.ins[0]].shape
    other = program.values[op.ins[1] if op.kind == "conv_dw" else op.outs[0]].shape
    return int(image[-1]), int(other[-1])


def _fits(program: Ops, op: Op) -> bool:
    channels = _channels(program, op)
    taps = prod(op["kernel"])
    plain = op["groups"] == 1 and len(op["kernel"]) <= 2 and op.get("algorithm", "direct") == "direct"
    if op.kind == "conv_dx" and prod(op["stride"]) != 1:
        return False
    small = max(channels) <= MOST_CHANNELS and taps <= MOST_TAPS and taps * channels[0] <= MOST_TERMS
    result = program.values[op.outs[0]].shape
    return plain and small and all(_extra(program.values[i], result) for i in op.ins[2:])


def _extra(value: Value, result: tuple[int | str, ...]) -> bool:
    """Whether an epilogue's operand lies like the result or is a number for each channel."""
    return value.shape == result if value.batched else prod(int(n) for n in value.shape[:-1]) == 1


def in_lanes(program: Ops, batch: int) -> list[bool]:
    """For each operation, whether it works with the batch in the lanes; its results with a batch then lie there."""
    if not batch_fills_lanes(program, batch):
        return [False] * len(program.ops)
    walk = _Walk(program)
    return [walk.take(op) for op in program.ops]


class _Walk:
    """What lies in the lanes, and what of it is clean, as the program is walked in order."""

    def __init__(self, program: Ops) -> None:
        self.program = program
        self.inside: set[int] = set()
        self.clean: set[int] = set()

    def take(self, op: Op) -> bool:
        """Whether an operation works in the lanes."""
        if not self._takes(op):
            return False
        results = {i for i in op.outs if self.program.values[i].batched}
        self.inside |= results
        if self._is_clean(op):
            self.clean |= results
        return True

    def _takes(self, op: Op) -> bool:
        values = [self.program.values[i] for i in (*op.ins, *op.outs)]
        if not any(v.batched and len(v.shape) > 2 for v in values):
            return False
        if _is_dense(self.program, op):
            return False
        if op.kind == "conv_dw":
            return self._zero(op.ins[1])
        if op.kind in ("conv", "conv_dx", "conv_pool", *POOLS):
            return True
        if op.kind == "reduce":
            plain = op.get("expressions") is None and op.ins[0] in self.inside
            if len(values[0].shape) - 1 in op["axes"] and 0 not in op["axes"]:
                return False  # channels that lie side by side are summed in another order: the bits would differ
            return plain and (0 not in op["axes"] or self._zero(op.ins[0]))
        ranks = {len(v.shape) for v in values if v.batched}
        return op.kind == "map" and len(ranks) == 1 and any(i in self.inside for i in op.ins)

    def _zero(self, i: int) -> bool:
        """Whether a value is 0 in absent lanes; what is not in the lanes yet is packed, and then it is."""
        return i in self.clean or (i not in self.inside and self.program.values[i].batched)

    def _is_clean(self, op: Op) -> bool:
        if op.kind == "map":
            return _vanishes(op["expression"], [self._zero(i) for i in op.ins])
        source = {"conv_dx": 0, "pool_max_dx": 1, "pool_sum_dx": 0, "pool_sum": 0, "reduce": 0}.get(op.kind)
        if source is None or not self._zero(op.ins[source]):
            return False
        epilogue = op.get("epilogue")
        return epilogue is None or _vanishes(epilogue, [True, *(self._zero(i) for i in op.ins[2:])])


def _vanishes(e: Expression, zero: list[bool]) -> bool:
    """Whether an expression is 0, other numbers being finite, where the operands named by `zero` are."""
    if e.op == "x":
        return zero[e.index]
    if e.op == "c":
        return e.number == 0
    parts = [_vanishes(a, zero) for a in e.args]
    if e.op == "mul":
        return any(parts)
    if e.op in ("neg", "abs", "sqrt", "tanh", "erf", "log1p"):
        return parts[0]
    if e.op == "div":
        return parts[0]
    if e.op == "where":
        return parts[1] and parts[2]
    return e.op in ("add", "sub", "max", "min") and all(parts)
