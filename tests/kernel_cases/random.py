"""random: the numbers of netdsl/ops/random.py."""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem
from kernel_cases.steps import fixed, images
from netdsl.ops.random import DISTRIBUTIONS, _run

KEY = 0x9A7C15F37F4A7C15
SEED, STEP = np.array([3], np.int32), np.array([-5], np.int32)


def random(numbers: Numbers, n: int, columns: int, distribution: str) -> Problem:
    """Bit for bit, but for the sines, cosines and logarithms of normal numbers."""
    attrs = {"distribution": distribution, "key": KEY, "batched": True, "p": 0.3}
    exact = distribution != "normal"

    def judge(found: Array) -> None:
        like = np.zeros((n, columns), np.float32 if exact else np.float64)
        expected = _run(attrs, SEED[0], STEP[0], like)[0]
        if exact:
            assert np.array_equal(found, expected)
        assert (np.abs(found - expected) <= 1e-5 * np.abs(expected) + 2e-6).all()

    fields = {"columns": columns, "distribution": DISTRIBUTIONS.index(distribution), "p": 0.3, "key": KEY - 2**64}
    return Problem("random", (images(np.empty((n, columns), np.float32)), fixed(SEED), fixed(STEP)), fields, judge)


COLUMNS = (1, 2, 3, 4, 5, 4095, 4096, 4097, 9001)
FAMILIES = (
    Family(
        "random", "rows", random, [(n, c, d) for n in (1, 3) for c in COLUMNS for d in DISTRIBUTIONS], ("integers",)
    ),
)
