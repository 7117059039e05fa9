"""Choose how each convolution is computed: a numeric choice, which follows from the shape of one image alone.

before   y = conv(x, w, kernel=3x3, stride=1x1, …)
after    y = conv(x, w, algorithm=winograd, kernel=3x3, stride=1x1, …)

Winograd's F(4x4, 3x3) does a 3x3 convolution of stride 1 with a quarter of the multiplications, at an error of about
6e-6 to 2e-5 of the largest output, where a direct sum has 1e-6. It pays from 16 channels and 6 pixels on (with 5, a
map fills 25 of the 64 places of its tiles); for the gradient of the weight, whose products are as long as there are
tiles in a batch, from 64 channels and 6 pixels or 16 channels and 13 pixels on. Groups of few channels, depthwise
convolutions above all, would leave lanes of a panel idle: they have a direct sum of their own.

F(2x2, 3x3) has no place here: it takes 1.8 times the multiplications. Its transformed weights are four ninths in size,
but over few tiles, where reading them is what takes the time, F(4x4, 3x3) reads the weights as they are (`late`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

from netdsl.ops.op import Op, Ops

ALGORITHMS = ("auto", "direct")
LEAST_CHANNELS = 16
LEAST_PIXELS = 6
NARROW_GRADIENT_PIXELS = 13
WIDE_CHANNELS = 64
MOST_OPERANDS = 3
PRODUCTS = ("conv", "conv_dx", "conv_dw")
MOST_GROUPED = 8
SEGMENT = 576


@dataclass(frozen=True)
class Way:
    """A way to compute a convolution: its name in the program, words for it, and why an operation may not have it."""

    name: str
    words: str
    refusal: Callable[[Ops, Op], str]


def choose_algorithms(program: Ops, algorithm: str = "auto") -> Ops:
    """The program with `algorithm=winograd` or `grouped` on what they suit; `direct` turns Winograd off."""
    assert algorithm in ALGORITHMS, algorithm
    return replace(program, ops=tuple(_choose(program, op, algorithm) for op in program.ops))


def verdicts(program: Ops, op: Op, algorithm: str = "auto") -> tuple[tuple[Way, str], ...]:
    """Every way to compute a product, the fastest first, with why it is refused; the first that is not is taken."""
    if op.kind == "dot":
        return (WINOGRAD, "a product of matrices has no window"), (DIRECT, "")
    if op.kind not in PRODUCTS:
        return ()
    off = "`algorithm=direct` turns it off" if algorithm == "direct" else ""
    return tuple((way, way.refusal(program, op) or (off if way is WINOGRAD else "")) for way in WAYS)


def _choose(program: Ops, op: Op, algorithm: str) -> Op:
    taken = next((way for way, refused in verdicts(program, op, algorithm) if not refused), DIRECT)
    if taken is DIRECT:
        return op
    return replace(op, attrs=tuple(sorted((dict(op.attrs) | {"algorithm": taken.name}).items())))


def refusal(program: Ops, op: Op) -> str:
    """Why a convolution is not computed by Winograd's algorithm, or nothing."""
    geometry = (op["kernel"], op["stride"], op["dilation"], op["groups"])
    if geometry != ((3, 3), (1, 1), (1, 1), 1):
        return "not a 3x3 window of stride 1, dilation 1 and one group"
    gradient = op.kind == "conv_dw"
    x, y = (program.values[i].shape for i in (op.ins[0], op.ins[1] if gradient else op.outs[0]))
    channels, pixels = min(int(x[-1]), int(y[-1])), min(int(n) for n in y[1:-1])
    least = NARROW_GRADIENT_PIXELS if gradient and channels < WIDE_CHANNELS else LEAST_PIXELS
    if channels < LEAST_CHANNELS:
        return f"{channels} channels are fewer than {LEAST_CHANNELS}"
    if pixels < least:
        return f"{pixels} pixels are fewer than {least}"
    if len(op.ins) - 2 > MOST_OPERANDS:
        return f"its epilogue reads more than {MOST_OPERANDS} operands"
    return ""


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


WINOGRAD = Way("winograd", "Winograd's F(4x4, 3x3)", refusal)
GROUPED = Way("grouped", "a direct sum with all groups side by side", grouped_refusal)
DIRECT = Way("direct", "a direct sum", lambda _program, _op: "")
WAYS = (WINOGRAD, GROUPED, DIRECT)
