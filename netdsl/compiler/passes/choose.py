"""Choose how each convolution is computed: a numeric choice, which follows from the shape of one image alone.

before   y = conv(x, w, kernel=3x3, stride=1x1, …)
after    y = conv(x, w, algorithm=winograd, kernel=3x3, stride=1x1, tile=6x6, …)

Winograd's algorithm suits windows of 3x3 and 5x5 with stride 1 (`winograd`). Groups of few channels, depthwise
convolutions above all, would leave lanes of a panel idle: they have a direct sum of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import prod

from netdsl.compiler.winograd import FIVE, LARGE, SMALL, refusal
from netdsl.ops.op import Op, Ops

ALGORITHMS = ("auto", "direct")
PRODUCTS = ("conv", "conv_dx", "conv_dw")
MOST_GROUPED = 8
SEGMENT = 576


@dataclass(frozen=True)
class Way:
    """A way to compute a convolution: its name in the program, words for it, why an operation may not have it, and the
    outputs of a tile where it has tiles.
    """

    name: str
    words: str
    refusal: Callable[[Ops, Op], str]
    tile: tuple[int, ...] = ()


def choose_algorithms(program: Ops, algorithm: str = "auto") -> Ops:
    """The program with `algorithm=winograd` or `grouped` on what they suit; `direct` turns Winograd off."""
    assert algorithm in ALGORITHMS, algorithm
    return replace(program, ops=tuple(_choose(program, op, algorithm) for op in program.ops))


def verdicts(program: Ops, op: Op, algorithm: str = "auto") -> tuple[tuple[Way, str], ...]:
    """Every way to compute a product, the fastest first, with why it is refused; the first that is not is taken."""
    if op.kind == "dot":
        return (*((way, "a product of matrices has no window") for way in WINOGRAD), (DIRECT, ""))
    if op.kind not in PRODUCTS:
        return ()
    off = "`algorithm=direct` turns it off" if algorithm == "direct" else ""
    return tuple((way, way.refusal(program, op) or (off if way in WINOGRAD else "")) for way in WAYS)


def _choose(program: Ops, op: Op, algorithm: str) -> Op:
    taken = next((way for way, refused in verdicts(program, op, algorithm) if not refused), DIRECT)
    if taken is DIRECT:
        return op
    how = {"algorithm": taken.name, "tile": taken.tile} if taken.tile else {"algorithm": taken.name}
    return replace(op, attrs=tuple(sorted((dict(op.attrs) | how).items())))


def grouped_refusal(program: Ops, op: Op) -> str:
    """Why the output channels of a convolution do not lie in lanes, each reading its own group, or nothing."""
    if op["groups"] == 1:
        return "it has one group"
    weight = program.values[op.outs[0] if op.kind == "conv_dw" else op.ins[1]].shape
    *kernel, inputs, outputs = (int(n) for n in weight)
    least, most = sorted((inputs, outputs // op["groups"]))
    if least > MOST_GROUPED:
        return f"{least} channels a group are more than {MOST_GROUPED}"
    if prod(kernel) * most > SEGMENT:
        return f"its sums have more than {SEGMENT} terms"
    return ""


WINOGRAD = tuple(
    Way("winograd", f"Winograd's {size}", partial(refusal, size=size), (size.tile, size.tile))
    for size in (LARGE, SMALL, FIVE)
)
GROUPED = Way("grouped", "a direct sum with all groups side by side", grouped_refusal)
DIRECT = Way("direct", "a direct sum", lambda _program, _op: "")
WAYS = (*WINOGRAD, GROUPED, DIRECT)
