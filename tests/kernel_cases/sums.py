"""reduce, sums and moments: segments, chunks, blocks, axes kept and summed."""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, U, near_product
from kernel_cases.steps import code, fixed, images

SHAPES = [((3, 5, 7, 17), axes) for axes in [(0, 1, 2), (3,), (1, 2), (0,), (0, 1, 2, 3), (2,), (1, 3), (0, 2), (0, 3)]]
WIDTHS = (1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1100)
LENGTHS = (1, 15, 16, 17, 63, 64, 65, 575, 576, 577, 9215, 9216, 9217)


def reduce(numbers: Numbers, shape: tuple[int, ...], axes: tuple[int, ...], chunks: int = 1) -> Problem:
    """The sum of an array (N, ...) over `axes`, 0 the batch; in `chunks` partial sums where the batch is summed."""
    x, inner = numbers(*shape), shape[1:]
    kept = [1 if axis + 1 in axes else size for axis, size in enumerate(inner)]
    dense = [[int(np.prod(sizes[i + 1 :])) for i in range(len(inner))] for sizes in (kept, inner)]
    to = tuple(0 if axis + 1 in axes else stride for axis, stride in enumerate(dense[0]))
    y = np.empty((1 if 0 in axes else shape[0], *kept), np.float32)
    terms = x.size // y.size

    def judge(found: Array) -> None:
        exact, size = (f(x.astype(float)).sum(axes, keepdims=True) for f in (np.asarray, np.abs))
        if numbers.draw == "normal":
            assert (np.abs(found - exact) <= 8 * U * size).all()
        else:
            near_product(numbers.draw, found, exact, size)

    out = fixed(y, strides=to) if 0 in axes else images(y, strides=to)
    fields = {f"size{i}": size for i, size in enumerate([1] * (5 - len(inner)) + list(inner))}
    fields |= {"chunks": chunks, "chunk_rows": -(-terms // chunks)}
    ends = out, images(x, strides=tuple(dense[1])), fixed(np.empty(chunks * y.size, np.float32))
    return Problem("reduce", ends, fields, judge, written=(2,))


def sums(numbers: Numbers, n: int, rows: int, columns: int, chunks: int = 1) -> Problem:
    """Σ dy and Σ dy·(x - mean) of each column, `mean` one number a column."""
    dy, x, mean = numbers(n, rows, columns), numbers(n, rows, columns), numbers(columns)

    def judge(first: Array, second: Array) -> None:
        terms = dy.astype(float).reshape(-1, columns)
        products = terms * (x.astype(float) - mean).reshape(-1, columns)
        for found, summed in ((first, terms), (second, products)):
            exact, size = summed.sum(0), np.abs(summed).sum(0)
            if numbers.draw == "integers":
                assert np.array_equal(found, exact)
            else:
                assert (np.abs(found - exact) <= (8 if numbers.draw == "normal" else 32) * U * size).all()

    words = code(("sub", 0, 33, 34), ("copy", 31, 32), ("mul", 30, 32, 0))
    outs = [fixed(np.empty(columns, np.float32)) for _ in range(2)]
    ins = [*(images(a, strides=(columns, 1, 0, 0, 0)) for a in (dy, x)), fixed(mean, strides=(0, 1, 0, 0, 0))]
    fields = {"rows": rows, "columns": columns, "inputs": 3, "outputs": 2, "words": words.size}
    fields |= {"chunks": chunks, "chunk_rows": -(-n * rows // chunks)}
    ends = *outs, fixed(words), fixed(np.empty(2 * chunks * columns, np.float32)), *ins
    return Problem("sums", ends, fields, judge, results=2, written=(3,))


def plain_sums(numbers: Numbers, n: int, rows: int, columns: int, chunks: int = 1) -> Problem:
    """The sum of each column, without a program."""
    x = numbers(n, rows, columns)

    def judge(found: Array) -> None:
        exact, size = (f(x.astype(float)).sum((0, 1)) for f in (np.asarray, np.abs))
        if numbers.draw == "normal":
            assert (np.abs(found - exact) <= 8 * U * size).all()
        else:
            near_product(numbers.draw, found, exact, size)

    fields = {"rows": rows, "columns": columns, "inputs": 1, "outputs": 1, "chunks": chunks}
    fields |= {"chunk_rows": -(-n * rows // chunks)}
    partials = fixed(np.empty(chunks * columns, np.float32))
    ends = fixed(np.empty(columns, np.float32)), None, None, partials, images(x, strides=(columns, 1, 0, 0, 0))
    return Problem("sums", ends, fields, judge, written=(3,))


def moments(numbers: Numbers, n: int, rows: int, columns: int, centre: float, chunk_rows: int = 70) -> Problem:
    """Mean and biased variance of each column, at a mean of `centre` deviations."""
    x = (numbers(n, rows, columns) + np.float32(centre)).astype(np.float32)

    def judge(mean: Array, var: Array) -> None:
        flat = x.reshape(-1, columns).astype(float)
        distance = np.abs(flat - flat[0]).mean(0) + np.abs(flat[0])
        assert (np.abs(mean - flat.mean(0)) <= 8 * U * distance).all()
        # The mean itself is rounded to float32, which alone adds (u·mean)² to the variance.
        assert (np.abs(var - flat.var(0)) <= 2e-6 * flat.var(0) + (U * distance) ** 2).all()

    ends = (*(fixed(np.empty(columns, np.float32)) for _ in range(2)), images(x))
    chunks = -(-rows // chunk_rows)
    partials = fixed(np.empty(n * chunks * 3 * columns, np.float32))
    fields = {"rows": rows, "columns": columns, "chunks": chunks, "chunk_rows": chunk_rows}
    return Problem("moments", (*ends, partials), fields, judge, results=2, written=(3,))


FAMILIES = (
    Family("reduce", "axes", reduce, SHAPES),
    Family("reduce", "columns", reduce, [((2, 3, c), (0, 1)) for c in (1, 3, 15, 16, 17, 63, 64, 65, 129)]),
    Family("reduce", "rows", reduce, [((n, 1, 5), (0, 1), k) for n in LENGTHS for k in (1, 3)]),
    Family("reduce", "lines", reduce, [((2, n), (1,)) for n in (*LENGTHS, 20000)]),
    Family("reduce", "all", reduce, [((2, 150, 150, 3), (0, 1, 2), k) for k in (1, 4, 16)]),
    Family("sums", "columns", sums, [(2, 9, c, k) for c in WIDTHS for k in (1, 4)]),
    Family("sums", "rows", sums, [(n, 3, 5, k) for n in (1, 25, 26, 51, 1025) for k in (1, 3)]),
    Family("sums", "rows", sums, [(2, r, 64, 2) for r in (575, 576, 577, 1151, 1153)]),
    Family("sums", "one operand", plain_sums, [(2, r, c, 3) for r in (1, 700) for c in WIDTHS]),
    Family("sums", "many terms", plain_sums, [(2, 9_000_000 // c // 2, c, 1) for c in (1, 17, 300)], ("uniform",)),
    Family(
        "moments",
        "rows x columns",
        moments,
        [
            (n, r, c, 0.0)
            for n in (1, 3)
            for r in (1, 31, 32, 33, 69, 70, 71, 141)
            for c in (1, 15, 16, 17, 63, 64, 65, 300)
        ],
    ),
    Family("moments", "far from 0", moments, [(4, 400, 5, 1e3), (4, 400, 5, 1e4)]),
)
