"""pool_max, pool_sum, their gradients: windows inside, clipped, overlapping and apart; channels round the vectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem
from kernel_cases.steps import geometry, images

Pair = tuple[int, int]
Size = tuple[int, int, int, int, Pair, Pair, Pair]
TEN_EPS = 1.2e-6

CHANNELS = (1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33)
# n, h, w, channels, kernel, stride, pad
SIZES: list[Size] = [
    *((2, 5, 7, c, (2, 2), (2, 2), (0, 0)) for c in CHANNELS),
    *((1, 6, 5, c, (3, 3), (2, 2), (1, 1)) for c in CHANNELS),
    (1, 1, 1, 1, (1, 1), (1, 1), (0, 0)),
    (3, 5, 257, 3, (3, 3), (1, 1), (1, 1)),
    (2, 7, 6, 3, (3, 2), (1, 3), (0, 1)),
    (2, 7, 8, 5, (2, 3), (3, 4), (1, 2)),
    (1, 9, 70, 5, (9, 70), (1, 1), (0, 0)),
    (17, 4, 4, 6, (2, 2), (2, 2), (0, 0)),
    (1, 7, 7, 2048, (7, 7), (1, 1), (0, 0)),
    (1, 31, 33, 3, (31, 33), (31, 33), (0, 0)),
    (1, 112, 112, 3, (112, 112), (1, 1), (0, 0)),
    (1, 70, 11, 130, (3, 3), (2, 2), (1, 1)),
    (1, 70, 10, 130, (2, 1), (3, 2), (0, 0)),
    *((2, 6, 4, c, (2, 2), (2, 2), (0, 0)) for c in CHANNELS),
    (1, 70, 10, 130, (2, 2), (2, 2), (0, 0)),
    (1, 6, 9, 17, (2, 3), (2, 3), (0, 0)),
    (2, 6, 6, 16, (3, 3), (3, 3), (0, 0)),
]


def out_size(h: int, w: int, kernel: Pair, stride: Pair, pad: Pair) -> Pair:
    sizes = [(size + 2 * pad[a] - kernel[a]) // stride[a] + 1 for a, size in enumerate((h, w))]
    return sizes[0], sizes[1]


def windows(size: Size) -> Iterator[tuple[int, int, slice, slice]]:
    """(oh, ow, rows, columns) of every window in scanning order, clipped to the image."""
    _, h, w, _, kernel, stride, pad = size
    for oh, ow in np.ndindex(*out_size(h, w, kernel, stride, pad)):
        top, left = oh * stride[0] - pad[0], ow * stride[1] - pad[1]
        yield oh, ow, slice(max(0, top), min(h, top + kernel[0])), slice(max(0, left), min(w, left + kernel[1]))


def arrays(numbers: Numbers, size: Size) -> tuple[Array, Array, dict[str, int]]:
    """x, an array of the result's shape, and the fields."""
    n, h, w, c, kernel, stride, pad = size
    x, out = numbers(n, h, w, c), out_size(h, w, kernel, stride, pad)
    return x, numbers(n, *out, c), geometry(x, (*out, c), kernel=kernel, stride=stride, pad=pad)


def pool_max(numbers: Numbers, *size: object) -> Problem:
    """The largest number of each window, bit for bit."""
    x, y, fields = arrays(numbers, size)

    def judge(found: Array) -> None:
        for oh, ow, rows, columns in windows(size):
            assert np.array_equal(found[:, oh, ow], x[:, rows, columns].max((1, 2)))

    return Problem("pool_max", (images(np.empty_like(y)), images(x)), fields, judge)


def pool_max_dx(numbers: Numbers, *size: object) -> Problem:
    """dy goes to the first maximum; sums of several windows in their scanning order, bit for bit."""
    x, dy, fields = arrays(numbers, size)

    def judge(found: Array) -> None:
        expected = np.zeros_like(x)
        n, _, _, c = x.shape
        for oh, ow, rows, columns in windows(size):
            part = x[:, rows, columns].transpose(0, 3, 1, 2)
            i, j = np.unravel_index(part.reshape(n, c, -1).argmax(2), part.shape[2:])
            at = np.arange(n)[:, None], rows.start + i, columns.start + j, np.arange(c)
            expected[at] += dy[:, oh, ow]
        assert np.array_equal(found, expected)

    return Problem("pool_max_dx", (images(np.empty_like(x)), images(x), images(dy)), fields, judge)


def near_sum(draw: str, found: Array, exact: Array, size: Array) -> None:
    """Integers exactly; else within ten units of rounding of the terms' absolute sum."""
    if draw == "integers":
        assert np.array_equal(found, exact)
    assert (np.abs(found - exact) <= TEN_EPS * size).all()


def pool_sum(numbers: Numbers, *size: object) -> Problem:
    """The sum of each window."""
    x, y, fields = arrays(numbers, size)

    def judge(found: Array) -> None:
        for oh, ow, rows, columns in windows(size):
            part = x[:, rows, columns].astype(float)
            near_sum(numbers.draw, found[:, oh, ow], part.sum((1, 2)), np.abs(part).sum((1, 2)))

    return Problem("pool_sum", (images(np.empty_like(y)), images(x)), fields, judge)


def pool_sum_dx(numbers: Numbers, *size: object) -> Problem:
    """Each pixel gets the sum of dy over the windows that hold it."""
    x, dy, fields = arrays(numbers, size)

    def judge(found: Array) -> None:
        exact, sums = np.zeros(x.shape), np.zeros(x.shape)
        for oh, ow, rows, columns in windows(size):
            exact[:, rows, columns] += dy[:, oh : oh + 1, ow : ow + 1]
            sums[:, rows, columns] += np.abs(dy[:, oh : oh + 1, ow : ow + 1])
        near_sum(numbers.draw, found, exact, sums)

    return Problem("pool_sum_dx", (images(np.empty_like(x)), images(dy)), fields, judge)


FAMILIES = tuple(
    Family(make.__name__, "windows", make, SIZES) for make in (pool_max, pool_max_dx, pool_sum, pool_sum_dx)
)
