"""conv: sizes below, at and above the tiles of rows, the panels and the segments; every kind of window; epilogues."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, near_product
from kernel_cases.steps import code, fixed, geometry, images, ordered, panel
from kernel_cases.windows import GROUPED, ONE, SAME, WINDOWS, Window, convolve, convolve_size, out_size, spread_taps

ROWS = (1, 2, 3, 5, 6, 7, 11, 12, 13, 14, 15, 27, 28, 29)
CHANNELS = (1, 15, 16, 17, 31, 32, 33, 48, 49)
DEPTHS = (1, 575, 576, 577, 1151, 1152, 1153, 4608)


def conv(numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window = ONE) -> Problem:
    """A convolution of n images (h, w, c) to o channels."""
    x, weight = numbers(n, h, w, c), numbers(*window.kernel, c // window.groups, o)
    return of(numbers.draw, x, weight, window)


def of(draw: str, x: Array, weight: Array, window: Window) -> Problem:
    size = out_size(x, window)
    y = np.empty((len(x), *size, weight.shape[-1]), np.float32)
    taps = spread_taps(x, window, size)
    return Problem(
        "conv",
        (images(y), images(x), fixed(panel(ordered(weight, window.spread), window.groups))),
        geometry(x, y.shape[1:], **window.fields()),
        partial(_judge, draw, taps, weight, window.groups),
    )


def conv_grouped(numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window) -> Problem:
    """The same of few channels a group, from a panel of one group."""
    plain = conv(numbers, n, h, w, c, o, window)
    y, x, _ = plain.operands
    weight = fixed(panel(ordered(plain.judge.args[2], window.spread)))
    return Problem("conv_grouped", (y, x, weight), plain.fields, plain.judge)


def _judge(draw: str, taps: Array, weight: Array, groups: int, found: Array) -> None:
    near_product(draw, found, convolve(taps, weight, groups), convolve_size(taps, weight, groups))


def rows_and_channels(numbers: Numbers, rows: int, channels: int) -> Problem:
    """A 1x1 convolution of one line of pixels."""
    return conv(numbers, 1, rows, 1, 5, channels)


def depth(numbers: Numbers, rows: int, channels: int, terms: int) -> Problem:
    """A dense layer on `rows` images."""
    return conv(numbers, rows, 1, 1, terms, channels)


ENDS = {
    "bias, residual, relu": (("add", 0, 32, 33), ("add", 0, 0, 34), ("max", 31, 0, 64)),
    "residual and the sum so far": (("add", 0, 32, 33), ("add", 31, 34, 0)),
    "bias, relu": (("add", 0, 32, 33), ("max", 31, 0, 64)),
    "bias, residual": (("add", 0, 32, 33), ("add", 31, 0, 34)),
    "residual": (("add", 31, 34, 32),),
    "relu": (("max", 31, 32, 64),),
    "the sum of the others first": (("add", 0, 33, 34), ("add", 0, 0, 32), ("max", 31, 0, 64)),
}


def with_epilogue(
    numbers: Numbers, rows: int, channels: int, end: str = "bias, residual, relu", groups: int = 1
) -> Problem:
    """max(conv + bias + residual, 0) or parts of it: the bias a number a channel, the residual a number an output."""
    make, inputs = (conv, 4) if groups == 1 else (conv_grouped, channels)
    plain = make(numbers, 2, rows, 3, inputs, channels, replace(SAME, groups=groups))
    y, x, w = plain.operands
    assert y is not None
    bias, residual = numbers(channels), numbers(*y.array.shape)
    words = code(*ENDS[end], constants=[0])
    places = {place for word in ENDS[end] for place in word[1:]}
    used = [place in places for place in (33, 34, 64)]

    def judge(found: Array) -> None:
        taps = spread_taps(x.array, SAME, y.array.shape[1:3])
        weight = plain.judge.args[2]
        total = convolve(taps, weight, groups) + used[0] * bias.astype(float) + used[1] * residual
        size = convolve_size(taps, weight, groups) + np.abs(bias) + np.abs(residual)
        near_product(numbers.draw, found, np.maximum(total, 0) if used[2] else total, size)

    more = (
        fixed(words),
        fixed(bias, strides=(0, 0, 1, 0, 0)),
        images(residual, strides=(3 * channels, channels, 1, 0, 0)),
    )
    fields = {**plain.fields, "words": words.size, "inputs": 3}
    return Problem(plain.kernel, (y, x, w, *more), fields, judge)


def dot_dx(numbers: Numbers, n: int, lines: int, terms: int, columns: int, clip: bool = False) -> Problem:
    """dy (n, lines, terms) times the transpose of w (columns, terms), which lies in panels."""
    dy, weight, bias = numbers(n, lines, terms), numbers(1, 1, columns, terms), numbers(columns)
    exact, size = (f(dy.astype(float)) @ f(weight[0, 0].T.astype(float)) for f in (np.asarray, np.abs))
    y = np.empty((n, lines, columns), np.float32)
    fields = {f"out_{a}": size for a, size in zip("dhwc", (1, lines, 1, columns), strict=True)} | {"in_c": terms}
    ends = images(y), images(dy), fixed(panel(weight))
    if not clip:
        return Problem("dot_dx", ends, fields, partial(near_product, numbers.draw, exact=exact, size=size))
    words = code(("add", 0, 32, 33), ("max", 31, 0, 64), constants=[0])
    judge = partial(near_product, numbers.draw, exact=np.maximum(exact + bias, 0), size=size + np.abs(bias))
    more = fixed(words), fixed(bias, strides=(0, 0, 1, 0, 0))
    return Problem("dot_dx", (*ends, *more), {**fields, "words": words.size, "inputs": 2}, judge)


DOTS = [(n, 1, m, k) for n in (1, 15, 16, 17, 31, 32, 33, 65) for m, k in ((1, 1), (10, 84), (17, 449))]
DOTS += [(3, 1, m, 33) for m in (15, 16, 17, 575, 576, 577, 591, 592, 593, 1153, 4096)]
DOTS += [(2, 1, 33, k) for k in (13, 14, 15, 447, 448, 449, 897)] + [(5, 7, 20, 30), (3, 1, 20, 30, True)]
ONE_CHANNEL = [
    *((2, 9, w, 1, o, Window(kernel=(5, 5))) for w in (12, 35, 36, 37, 70) for o in (1, 2, 3, 4, 6, 8, 9, 15, 16)),
    (1, 40, 33, 1, 6, Window(kernel=(5, 5), pad=(2, 2))),
    (2, 19, 40, 1, 5, Window(kernel=(3, 2), stride=(2, 1), pad=(1, 0), dilation=(3, 4))),
    (1, 5, 9, 1, 7, Window(kernel=(3, 3), pad=(3, 4), after=(0, 2))),
    (1, 20, 20, 1, 3, Window(kernel=(17, 3))),
    (1, 9, 60, 1, 3, Window(kernel=(1, 33))),
]
FAMILIES = (
    Family("conv", "one channel", conv, ONE_CHANNEL),
    Family("conv", "rows x channels", rows_and_channels, list(product(ROWS, CHANNELS))),
    Family("conv", "depth", depth, [(r, o, k) for k in DEPTHS for r, o in ((1, 17), (15, 16))]),
    Family("conv", "windows", conv, WINDOWS),
    Family("dot_dx", "sizes", dot_dx, DOTS),
    Family("conv", "epilogue", with_epilogue, list(product((1, 5, 14, 29), (1, 15, 16, 17, 33)))),
    Family("conv", "ends", with_epilogue, list(product((3, 29), (16, 33), ENDS))),
    Family("conv_grouped", "windows", conv_grouped, GROUPED),
    Family("conv_grouped", "ends", with_epilogue, [(r, c, end, c) for r in (1, 9) for c in (15, 33) for end in ENDS]),
)
