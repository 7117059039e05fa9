"""conv_dw: rows at the edges of segments, columns at the edges of blocks, chunks that divide the sum or do not.

conv_dw_winograd: the same of tiles, maps of 4k-1, 4k and 4k+1, any pad; its own bounds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, near_product
from kernel_cases.steps import fixed, geometry, images, panel, unpanel
from kernel_cases.windows import GROUPED, ONE, SAME, WINDOWS, Window, correlate, out_size, spread_taps


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


def conv_grouped_dw(numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window, chunks: int) -> Problem:
    """The same of few channels a group, in a panel of one group."""
    x = numbers(n, h, w, c)
    size = out_size(x, window)
    dy = numbers(n, *size, o)
    shape = (*window.kernel, c // window.groups, o)
    dw = np.empty(panel(np.zeros(shape, np.float32)).size, np.float32)

    def judge(found: Array) -> None:
        taps = spread_taps(x, window, size)
        exact, sums = (correlate(f(taps), f(dy), window.groups) for f in (np.asarray, np.abs))
        near_product(numbers.draw, unpanel(found, shape), exact, sums)

    operands = fixed(dw), images(x), images(dy), fixed(np.empty(chunks * dw.size, np.float32))
    chunk_rows = -(-n * size[0] * size[1] // chunks)
    fields = geometry(x, (*size, o), **window.fields()) | {"chunks": chunks, "chunk_rows": chunk_rows}
    return Problem("conv_grouped_dw", operands, fields, judge, written=(3,))


def rows(numbers: Numbers, count: int, chunks: int) -> Problem:
    """A sum over `count` images of one pixel."""
    return conv_dw(numbers, count, 1, 1, 3, 17, ONE, chunks)


def winograd(
    numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window = SAME, chunks: int = 1
) -> Problem:
    """The same by Winograd's algorithm, in chunks of 4x4 tiles."""
    problem = conv_dw(numbers, n, h, w, c, o, window, chunks)
    x, dy = (problem.operands[i].array for i in (1, 2))  # type: ignore[union-attr]
    tiles = n * -(-dy.shape[1] // 4) * -(-dy.shape[2] // 4)
    exact = correlate(spread_taps(x, window, dy.shape[1:3]), dy, 1)

    def judge(found: Array) -> None:
        error = np.abs(unpanel(found, exact.shape) - exact)
        assert np.linalg.norm(error) <= 2e-5 * np.linalg.norm(exact)
        assert error.max() <= 1e-4 * np.abs(exact).max()

    fields = {**problem.fields, "chunk_rows": -(-tiles // chunks)}
    return replace(problem, kernel="conv_dw_winograd", fields=fields, judge=judge)


MAPS = [(h, w) for h in (1, 3, 4, 5, 8, 13) for w in (2, 7, 8, 9, 12)]
PADS = [Window(), SAME, Window(pad=(2, 2)), Window(pad=(1, 0), after=(0, 1)), Window(pad=(0, 2), after=(2, 1))]
GROUPED_FORWARD = [w for w in GROUPED if w[-1].upsample == (1, 1)]
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
    Family("conv_dw_winograd", "maps", winograd, [(2, h, w, 3, 5, SAME, k) for h, w in MAPS for k in (1, 3)]),
    Family("conv_dw_winograd", "pads", winograd, [(1, 6, 9, 16, 17, pad, k) for pad in PADS for k in (1, 2)]),
    Family(
        "conv_dw_winograd",
        "channels",
        winograd,
        [(2, 5, 3, c, o, SAME, 1) for c in (1, 15, 16, 17, 33, 128, 129) for o in (1, 16, 17, 128, 129, 260)],
    ),
    Family(
        "conv_dw_winograd",
        "tiles",
        winograd,
        [(t, 4, 4, 2, 3, SAME, k) for t in (1, 13, 55, 56, 57, 113, 577) for k in (1, 2, 16)],
    ),
    Family("conv_dw", "long", conv_dw, [(3, 37, 61, 3, 5, SAME, 1), (3, 37, 61, 3, 5, SAME, 16)]),
    Family("conv_grouped_dw", "windows", conv_grouped_dw, [(*w, chunks) for w in GROUPED_FORWARD for chunks in (1, 3)]),
    Family(
        "conv_grouped_dw",
        "long",
        conv_grouped_dw,
        [(2, 37, 61, 17, 17, Window(pad=(1, 1), groups=17), k) for k in (1, 5)],
    ),
)
