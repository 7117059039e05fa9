"""softmax, cross-entropy and their gradients, lrn_sum: lines round the vectors, and one that is long."""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, near_product
from kernel_cases.steps import images

SIZES = [(2, r, c) for r in (1, 3) for c in (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 1000)] + [
    (1, 1, 9973),
    (17, 5, 10),
]


def exact_softmax(x: Array) -> Array:
    e = np.exp(x.astype(float) - x.max(-1, keepdims=True).astype(float))
    return np.asarray(e / e.sum(-1, keepdims=True))


def fields(rows: int, columns: int) -> dict[str, int]:
    return {"rows": rows, "columns": columns}


def softmax(numbers: Numbers, n: int, rows: int, columns: int) -> Problem:
    """Relative 5e-6 where p > 1e-6; lines sum to 1."""
    x = numbers(n, rows, columns) * 4

    def judge(found: Array) -> None:
        exact = exact_softmax(x)
        assert (np.abs(found - exact) <= 5e-6 * np.maximum(exact, 1e-6)).all()
        assert (np.abs(found.sum(-1, dtype=float) - 1) <= 2e-6).all()

    return Problem("softmax", (images(np.empty_like(x)), images(x)), fields(rows, columns), judge)


def softmax_dx(numbers: Numbers, n: int, rows: int, columns: int) -> Problem:
    """dx = y·(dy - Σ y·dy)."""
    y, dy = exact_softmax(numbers(n, rows, columns)).astype(np.float32), numbers(n, rows, columns)

    def judge(found: Array) -> None:
        wide = y.astype(float)
        exact = wide * (dy - (wide * dy).sum(-1, keepdims=True))
        size = wide * (np.abs(dy) + (wide * np.abs(dy)).sum(-1, keepdims=True))
        assert (np.abs(found - exact) <= 2e-6 * size).all()

    return Problem("softmax_dx", (images(np.empty_like(y)), images(y), images(dy)), fields(rows, columns), judge)


def labelled(numbers: Numbers, n: int, rows: int, columns: int) -> tuple[Array, Array]:
    """Logits and labels."""
    return numbers(n, rows, columns) * 3, numbers.rng.integers(0, columns, (n, rows)).astype(np.int32)


def softmax_xent(numbers: Numbers, n: int, rows: int, columns: int) -> Problem:
    """-log p of the label."""
    x, labels = labelled(numbers, n, rows, columns)

    def judge(found: Array) -> None:
        wide = x.astype(float)
        picked = np.take_along_axis(wide, labels[..., None].astype(int), -1)[..., 0]
        most = wide.max(-1)
        exact = np.log(np.exp(wide - most[..., None]).sum(-1)) - (picked - most)
        assert (np.abs(found - exact) <= 5e-6 * exact + 1e-6).all()

    loss = np.empty((n, rows), np.float32)
    return Problem("softmax_xent", (images(loss), images(x), images(labels)), fields(rows, columns), judge)


def softmax_xent_dx(numbers: Numbers, n: int, rows: int, columns: int) -> Problem:
    """(p - onehot)·dloss"""
    x, labels = labelled(numbers, n, rows, columns)
    dloss = numbers(n, rows)

    def judge(found: Array) -> None:
        p, hot = exact_softmax(x), np.arange(columns) == labels[..., None]
        error = np.abs(found - (p - hot) * dloss[..., None])
        assert (error <= 5e-6 * np.maximum(np.where(hot, 1, p), 1e-6) * np.abs(dloss[..., None])).all()

    operands = images(np.empty_like(x)), images(x), images(labels), images(dloss)
    return Problem("softmax_xent_dx", operands, fields(rows, columns), judge)


def lrn_sum(numbers: Numbers, rows: int, columns: int, before: int, after: int) -> Problem:
    """Sums over neighbouring channels."""
    x = numbers(2, rows, columns)

    def judge(found: Array) -> None:
        spans = [slice(max(0, c - before), c + after + 1) for c in range(columns)]
        exact = np.stack([x[..., s].sum(-1, dtype=float) for s in spans], -1)
        size = np.stack([np.abs(x[..., s]).sum(-1, dtype=float) for s in spans], -1)
        near_product(numbers.draw, found, exact, size)

    more = {"before": before, "after": after}
    return Problem("lrn_sum", (images(np.empty_like(x)), images(x)), fields(rows, columns) | more, judge)


FAMILIES = (
    Family("softmax", "lines", softmax, SIZES),
    Family("softmax_dx", "lines", softmax_dx, SIZES),
    Family("softmax_xent", "lines", softmax_xent, SIZES),
    Family("softmax_xent_dx", "lines", softmax_xent_dx, SIZES),
    Family(
        "lrn_sum",
        "lines",
        lrn_sum,
        [(7, c, b, a) for c in (1, 3, 4, 7, 8, 9, 15, 16, 17, 33, 96) for b, a in ((0, 0), (2, 2), (2, 1), (40, 3))],
    ),
)
