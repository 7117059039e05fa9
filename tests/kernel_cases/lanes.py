"""Kernels whose batch lies in the lanes: products of few channels, and the way there and back."""

from __future__ import annotations

from functools import partial

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, bits_equal, near_product
from kernel_cases.steps import code, fixed, from_lanes, geometry, images, lanes
from kernel_cases.windows import ONE, SAME, WINDOWS, Window, convolve, convolve_size, correlate, out_size, spread_taps

PLAIN = [w for w in WINDOWS if w[-1].upsample == (1, 1) and w[-1].groups == 1 and np.prod(w[-1].kernel) * w[3] <= 576]
CHANNELS = (1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 17)


def conv_lanes(numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window = ONE) -> Problem:
    """A convolution of n images (h, w, c) to o channels."""
    x, weight = numbers(n, h, w, c), numbers(*window.kernel, c, o)
    size = out_size(x, window)
    ends = lanes(np.empty((n, *size, o), np.float32)), lanes(x), fixed(weight)
    fields = geometry(x, (*size, o), **window.fields()) | {"lanes": 16}
    taps = spread_taps(x, window, size)
    return Problem("conv_lanes", ends, fields, partial(_judge, numbers.draw, taps, weight, n))


def _judge(draw: str, taps: Array, weight: Array, n: int, found: Array) -> None:
    near_product(draw, from_lanes(found, n), convolve(taps, weight, 1), convolve_size(taps, weight, 1))


def turned(numbers: Numbers, c: int, o: int) -> Problem:
    """The same from a weight that is turned: (kh, kw, out, in), read backwards."""
    plain = conv_lanes(numbers, 17, 6, 5, c, o, SAME)
    y, x, w = plain.operands
    assert w is not None
    backwards = fixed(np.ascontiguousarray(w.array[::-1, ::-1].transpose(0, 1, 3, 2)))
    return Problem("conv_lanes", (y, x, backwards), {**plain.fields, "turned": 1}, plain.judge)


def with_epilogue(numbers: Numbers, n: int, o: int) -> Problem:
    """max(conv + bias + residual, 0), bias a number a channel; times a number for all."""
    plain = conv_lanes(numbers, n, 4, 5, 3, o, SAME)
    y, x, w = plain.operands
    bias, residual, scale = numbers(o), numbers(n, 4, 5, o), numbers(1)
    words = code(("add", 0, 32, 33), ("add", 0, 0, 34), ("max", 0, 0, 64), ("mul", 31, 0, 35), constants=[0])
    more = fixed(words), fixed(bias, strides=(0, 0, 1, 0, 0)), lanes(residual), fixed(scale, strides=(0,) * 5)

    def judge(found: Array) -> None:
        taps, weight = plain.judge.args[1:3]
        total = convolve(taps, weight, 1) + bias.astype(float) + residual
        size = convolve_size(taps, weight, 1) + np.abs(bias) + np.abs(residual)
        near_product(numbers.draw, from_lanes(found, n), np.maximum(total, 0) * scale, size * np.abs(scale))

    return Problem("conv_lanes", (y, x, w, *more), {**plain.fields, "words": words.size, "inputs": 4}, judge)


ENDS = {
    "add": [("add", 31, 32, 33)],
    "relu of sum": [("add", 0, 33, 32), ("max", 31, 0, 64)],
    "relu": [("max", 31, 32, 64)],
    "mask": [("gt", 0, 33, 64), ("where", 31, 0, 32, 64)],
    "mask by a number": [("gt", 0, 34, 64), ("where", 31, 0, 32, 64)],
    "sum of images": [("add", 31, 32, 33)],
}


def usual_epilogue(numbers: Numbers, o: int, end: str) -> Problem:
    """The epilogues that results meet in registers, and two that only look like them."""
    plain = conv_lanes(numbers, 33, 4, 5, 3, o, SAME)
    y, x, w = plain.operands
    bias, other, one = numbers(o), numbers(33, 4, 5, o), np.float32(2)
    words = code(*ENDS[end], constants=[0] if end not in ("add", "sum of images") else [])
    first = lanes(other) if end in ("mask", "sum of images") else fixed(bias, strides=(0, 0, 1, 0, 0))
    more = fixed(words), first, fixed(np.full(1, one), strides=(0,) * 5)

    def judge(found: Array) -> None:
        taps, weight = plain.judge.args[1:3]
        total, size = convolve(taps, weight, 1), convolve_size(taps, weight, 1)
        added = bias if end in ("add", "relu of sum") else other if end == "sum of images" else np.zeros(1)
        exact = (total + added) * (other > 0 if end == "mask" else 1)
        exact = np.maximum(exact, 0) if "relu" in end else exact
        near_product(numbers.draw, from_lanes(found, 33), exact, size + np.abs(added))

    return Problem("conv_lanes", (y, x, w, *more), {**plain.fields, "words": words.size, "inputs": 3}, judge)


def conv_dw_lanes(
    numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window = ONE, chunks: int = 1
) -> Problem:
    """dw of a convolution of n images (h, w, c) to o channels, in `chunks` partial sums of groups of images."""
    x = numbers(n, h, w, c)
    size = out_size(x, window)
    dy = numbers(n, *size, o)
    dw = np.empty((*window.kernel, c, o), np.float32)
    ends = fixed(dw), lanes(x), lanes(dy), fixed(np.empty(chunks * dw.size, np.float32))

    def judge(found: Array) -> None:
        taps = spread_taps(x, window, size)
        exact, sums = (correlate(f(taps), f(dy), 1) for f in (np.asarray, np.abs))
        near_product(numbers.draw, found, exact, sums)

    chunk = {"lanes": 16, "chunks": chunks, "chunk_rows": -(-n // (16 * chunks))}
    return Problem("conv_dw_lanes", ends, geometry(x, (*size, o), **window.fields()) | chunk, judge, written=(3,))


def pack(numbers: Numbers, n: int, columns: int) -> Problem:
    """Into the lanes; those of absent images are 0."""
    x = numbers(n, columns)
    wide = lanes(x).array
    ends = lanes(np.empty_like(x)), images(x)
    return Problem("pack_lanes", ends, {"columns": columns}, partial(bits_equal, wide))


def unpack(numbers: Numbers, n: int, columns: int) -> Problem:
    """Out of the lanes."""
    x = numbers(n, columns)
    ends = images(np.empty_like(x)), lanes(x)
    return Problem("unpack_lanes", ends, {"columns": columns}, partial(bits_equal, x))


COPIES = [(n, c) for n in (1, 15, 16, 17, 33) for c in (1, 15, 16, 17, 255, 256, 257, 1024)]
FAMILIES = (
    Family("conv_lanes", "windows", conv_lanes, PLAIN),
    Family("conv_lanes", "channels", conv_lanes, [(16, 5, 7, c, o, SAME) for c in CHANNELS for o in CHANNELS]),
    Family("conv_lanes", "images", conv_lanes, [(n, 6, 9, 3, 6, SAME) for n in (1, 15, 16, 17, 31, 32, 33, 64)]),
    Family("conv_lanes", "turned", turned, [(c, o) for c in (1, 6, 16, 17) for o in (1, 5, 6, 9, 16)]),
    Family("conv_lanes", "epilogue", with_epilogue, [(n, o) for n in (1, 16, 33) for o in (1, 6, 16, 17)]),
    Family("conv_lanes", "usual epilogues", usual_epilogue, [(o, end) for o in (1, 6, 17) for end in ENDS]),
    Family("conv_dw_lanes", "windows", conv_dw_lanes, PLAIN),
    Family("conv_dw_lanes", "channels", conv_dw_lanes, [(17, 5, 7, c, o, SAME) for c in CHANNELS for o in CHANNELS]),
    Family("conv_dw_lanes", "long", conv_dw_lanes, [(33, 28, 28, 1, 6, ONE), (17, 37, 61, 3, 5, SAME)]),
    Family(
        "conv_dw_lanes", "chunks", conv_dw_lanes, [(n, 6, 7, 3, 6, SAME, k) for n in (17, 33, 64, 100) for k in (2, 3)]
    ),
    Family("pack_lanes", "sizes", pack, COPIES),
    Family("unpack_lanes", "sizes", unpack, COPIES),
)
