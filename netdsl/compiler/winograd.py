"""Winograd's convolution: the sizes that there are transforms for, and which of them a convolution takes.

F(4x4, 3x3) does a 3x3 convolution of stride 1 with a quarter of the multiplications, at an error of about 6e-6 to 2e-5
of the largest output, where a direct sum has 1e-6. It pays from 16 channels and 6 pixels on (with 5, a map fills 25 of
the 64 places of its tiles); for the gradient of the weight, whose products are as long as there are tiles in a batch,
from 64 channels and 6 pixels or 16 channels and 13 pixels on.

F(6x6, 3x3) has 64 products for 36 outputs, a fifth less, at twice the error. Its larger tiles reach over the edge of
a small map, and its transformed weights are nearly twice as large: it is for large maps, whose tiles share them.
F(4x4, 5x5) has the same points and a sixth of the multiplications of a 5x5 convolution, from 13 pixels on: over the few
tiles of a map of 7x7 its transformed weights, 2.6 times as large, take longer to read. With 512 input channels the
errors of both reach 1e-5 (rel-L2), the bound; they are for 256 at most, with 7e-6.

F(2x2, 3x3) has no place here: it takes 1.8 times the multiplications of F(4x4, 3x3). Its transformed weights are four
ninths in size, but over few tiles, where reading them is what takes the time, F(4x4, 3x3) reads the weights as they
are (`passes.late`).

Winograd 1980; Lavin and Gray 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.ops.op import Op, Ops

LEAST_CHANNELS = 16
LEAST_PIXELS = {3: 6, 5: 13}
NARROW_GRADIENT_PIXELS = 13
WIDE_CHANNELS = 64
MOST_OPERANDS = 3
MOST_SHARED = 2**23
MOST_SUMMED = 256
FEWER = 0.9


@dataclass(frozen=True)
class Size:
    """F(tile x tile, kernel x kernel): outputs along a side of a tile, and taps."""

    tile: int
    kernel: int

    @property
    def points(self) -> int:
        """Points of a tile: along each side as many as inputs that its outputs read."""
        return (self.tile + self.kernel - 1) ** 2

    def products(self, height: int, width: int) -> int:
        """Products of a map for a pair of channels."""
        return self.points * -(-height // self.tile) * -(-width // self.tile)

    def __str__(self) -> str:
        return f"F({self.tile}x{self.tile}, {self.kernel}x{self.kernel})"


SMALL, LARGE, FIVE = Size(4, 3), Size(6, 3), Size(4, 5)


def size_of(op: Op) -> Size:
    """The size that an operation with `algorithm=winograd` has."""
    return Size(op["tile"][0], op["kernel"][0])


def refusal(program: Ops, op: Op, size: Size) -> str:
    """Why a convolution is not computed by Winograd's algorithm of a size, or nothing."""
    kernel = f"{size.kernel}x{size.kernel}"
    if (op["kernel"], op["stride"], op["dilation"], op["groups"]) != ((size.kernel,) * 2, (1, 1), (1, 1), 1):
        return f"not a {kernel} window of stride 1, dilation 1 and one group"
    gradient = op.kind == "conv_dw"
    if gradient and size != SMALL:
        return f"the gradient of a weight has tiles of {SMALL.tile}x{SMALL.tile}, and 3x3 taps"
    x, y = (program.values[i].shape for i in (op.ins[0], op.ins[1] if gradient else op.outs[0]))
    inputs, outputs = int(x[-1]), int(y[-1])
    height, width = (int(n) for n in y[1:-1])
    channels, pixels = min(inputs, outputs), min(height, width)
    least = NARROW_GRADIENT_PIXELS if gradient and channels < WIDE_CHANNELS else LEAST_PIXELS[size.kernel]
    if channels < LEAST_CHANNELS:
        return f"{channels} channels are fewer than {LEAST_CHANNELS}"
    if pixels < least:
        return f"{pixels} pixels are fewer than {least}"
    if len(op.ins) - 2 > MOST_OPERANDS:
        return f"its epilogue reads more than {MOST_OPERANDS} operands"
    if size != SMALL and inputs > MOST_SUMMED:
        return f"sums of {inputs} channels, more than {MOST_SUMMED}, could be less exact than the bound"
    if size == LARGE:
        return _large_refusal(height, width, inputs, outputs)
    return ""


def _large_refusal(height: int, width: int, inputs: int, outputs: int) -> str:
    large, small = (size.products(height, width) for size in (LARGE, SMALL))
    if large > FEWER * small:
        return f"{large:,} products of a map are not a tenth fewer than the {small:,} of {SMALL}"
    if LARGE.points * inputs * outputs > MOST_SHARED:
        return f"its transformed weights, {LARGE.points * inputs * outputs >> 8:,} KiB, exceed {MOST_SHARED >> 8:,}"
    return ""
