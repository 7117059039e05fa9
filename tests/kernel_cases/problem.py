"""What a problem of a kernel is, how it is run, and the bounds that all products share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np

from kernel_cases.steps import Operand, record
from netdsl import core

U = 2.0**-24
DRAWS = ("integers", "normal", "uniform")
Array = np.ndarray[Any, Any]


class Numbers:
    """A source of float32 numbers: small integers (sums below 2^24 are exact), N(0,1) or U(0.1,1)."""

    def __init__(self, draw: str, seed: int) -> None:
        self.draw = draw
        self.rng = np.random.default_rng(seed)

    def __call__(self, *shape: int) -> Array:
        if self.draw == "integers":
            return self.rng.integers(-4, 5, shape).astype(np.float32)
        if self.draw == "normal":
            return self.rng.standard_normal(shape).astype(np.float32)
        return self.rng.uniform(0.1, 1, shape).astype(np.float32)


@dataclass(frozen=True)
class Problem:
    """One step. The first `results` operands are outputs; `judge` gets them and asserts what they must be.

    `written` are further operands that the kernel writes, such as partial sums.
    """

    kernel: str
    operands: tuple[Operand | None, ...]
    fields: Mapping[str, Any]
    judge: Callable[..., None]
    results: int = 1
    written: tuple[int, ...] = ()


@dataclass(frozen=True)
class Family:
    """Problems of one kernel: `make(numbers, *size)` for each of `sizes` and of `draws`."""

    kernel: str
    name: str
    make: Callable[..., Problem]
    sizes: Sequence[tuple[Any, ...]]
    draws: tuple[str, ...] = DRAWS

    def __str__(self) -> str:
        return f"{self.kernel}, {self.name}"

    def problems(self) -> Iterator[tuple[str, Problem]]:
        """A label and the problem, one after the other; the same numbers each time."""
        for size in self.sizes:
            for draw in self.draws:
                label = f"{self}: {size} {draw}"
                yield label, self.make(Numbers(draw, crc32(label.encode())), *size)


def prepared(problem: Problem, isa: str) -> tuple[core.Engine, list[Array | None], int]:
    """The engine of a problem, its arrays with NaN in all that is written, and the number of images."""
    fresh = list(problem.operands)
    for i in (*range(problem.results), *problem.written):
        operand = fresh[i]
        assert operand is not None
        fresh[i] = replace(operand, array=np.full_like(operand.array, np.nan))
    row, sizes = record(problem.kernel, fresh, isa, problem.fields)
    n = next((len(o.array) for o in fresh if o is not None and o.batched), 16 * groups_of(fresh) or 1)
    return core.Engine(row[None], sizes, n), [None if o is None else o.array for o in fresh], n


def groups_of(operands: Sequence[Operand | None]) -> int:
    """Groups of images that lie in the lanes."""
    return next((len(o.array) for o in operands if o is not None and o.in_lanes), 0)


def solve(problem: Problem, isa: str, threads: int) -> list[Array]:
    """The results of a run with exactly so many threads, its scratch full of NaN before it."""
    engine, arrays, n = prepared(problem, isa)
    without = any(o is not None and (o.batched or o.in_lanes) for o in problem.operands)
    engine.run(arrays, 0 if without else n, threads)
    engine.fill_arena(np.nan)
    engine.run(arrays, n, threads)
    assert engine.team == threads, f"{engine.team} threads, not {threads}"
    found = arrays[: problem.results]
    assert all(array is not None for array in found)
    return found  # type: ignore[return-value]


@contextmanager
def named(label: str) -> Iterator[None]:
    """Says which problem it was that failed."""
    try:
        yield
    except AssertionError as error:
        error.add_note(label)
        raise


def near_product(draw: str, found: Array, exact: Array, size: Array) -> None:
    """The bound of sums of products; `exact` and `size`, the sum of the terms' absolute values, in float64."""
    if draw == "integers":
        assert np.array_equal(found, exact)
        return
    error = np.abs(found - exact)
    assert (error <= (8 if draw == "normal" else 32) * U * size).all(), f"{(error / size).max() / U:.1f} u·S"
    assert np.linalg.norm(error) <= 5e-6 * np.linalg.norm(exact)


def bits_equal(found: Array, expected: Array) -> None:
    """Equal bit for bit, but for the payload of a NaN and the sign of a zero."""
    assert found.shape == expected.shape
    assert np.array_equal(found, expected, equal_nan=True)
