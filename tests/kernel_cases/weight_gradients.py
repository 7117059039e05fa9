"""conv_dw: rows at the edges of segments, columns at the edges of blocks, chunks that divide the sum or do not."""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, near_product
from kernel_cases.steps import fixed, geometry, images, panel, unpanel
from kernel_cases.windows import ONE, SAME, WINDOWS, Window, correlate, out_size, spread_taps


def conv_dw(numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window = ONE, chunks: int = 1) -> Problem:
    """dw of a convolution of n images (h, w, c) to o channels, in `chunks` partial sums."""
    x = numbers(n, h, w, c)
    size = out_size(x, window)
    dy = numbers(n, *size, o)
    shape = (*window.kernel, c // window.groups, o)
    dw = np.empty(panel(np.zeros(shape, np.float32), window.groups).size, np.float32)
    rows = n * size[0] * size[1]

    def judge(found: Array) -> None:
        taps = spread_taps(x, window, size)
        exact, sums = (correlate(f(taps), f(dy), window.groups) for f in (np.asarray, np.abs))
        near_product(numbers.draw, unpanel(found, shape, window.groups), exact, sums)

    operands = fixed(dw), images(x), images(dy), fixed(np.empty(chunks * dw.size, np.float32))
    fields = geometry(x, (*size, o), **window.fields()) | {"chunks": chunks, "chunk_rows": -(-rows // chunks)}
    return Problem("conv_dw", operands, fields, judge, written=(3,))


def rows(numbers: Numbers, count: int, chunks: int) -> Problem:
    """A sum over `count` images of one pixel."""
    return conv_dw(numbers, count, 1, 1, 3, 17, ONE, chunks)


FORWARD = [w for w in WINDOWS if w[-1].upsample == (1, 1)]
FAMILIES = (
    Family("conv_dw", "rows", rows, [(r, k) for r in (1, 15, 575, 576, 577, 1153, 4608) for k in (1, 2, 3)]),
    Family(
        "conv_dw",
        "columns x channels",
        conv_dw,
        [(2, 5, 3, c, o, ONE, 1) for c in (1, 13, 14, 15, 111, 112, 113) for o in (1, 15, 16, 17, 33, 127, 128, 129)],
    ),
    Family("conv_dw", "windows", conv_dw, [(*w, 1) for w in FORWARD] + [(*w, 3) for w in FORWARD]),
    Family("conv_dw", "long", conv_dw, [(3, 37, 61, 3, 5, SAME, 1), (3, 37, 61, 3, 5, SAME, 16)]),
)
