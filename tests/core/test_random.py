"""random gives the numbers of netdsl/ops/random.py."""

import numpy as np
import pytest

from netdsl.ops.random import DISTRIBUTIONS, _run

KEY = 0x9A7C15F37F4A7C15


def scalar(number):
    return np.array([number], np.int32)


def draw(steps, isa, shape, distribution, *, seed=3, step=5, threads=1):
    y = np.full(shape, np.nan, np.float32)
    fields = {
        "columns": int(np.prod(shape[1:])),
        "distribution": DISTRIBUTIONS.index(distribution),
        "p": 0.3,
        "key": KEY - 2**64,
    }
    steps.run(
        "random",
        steps.images(y),
        steps.fixed(scalar(seed)),
        steps.fixed(scalar(step)),
        isa=isa,
        threads=threads,
        **fields,
    )
    return y


def reference(shape, distribution, dtype=np.float32):
    attrs = {"distribution": distribution, "key": KEY, "batched": True, "p": 0.3}
    return _run(attrs, np.int32(3), np.int32(5), np.zeros(shape, dtype))[0]


@pytest.mark.parametrize("shape", [(1, 1), (3, 5, 37, 3), (2, 9001)])
@pytest.mark.parametrize("distribution", ["uniform", "bernoulli"])
def test_numbers_are_those_of_the_reference_bit_for_bit(steps, isa, threads, shape, distribution):
    assert np.array_equal(draw(steps, isa, shape, distribution, threads=threads), reference(shape, distribution))


def test_normal_numbers(steps, isa):
    np.testing.assert_allclose(
        draw(steps, isa, (3, 9001), "normal"), reference((3, 9001), "normal", np.float64), rtol=1e-5, atol=2e-6
    )


def test_seed_and_step_change_the_numbers(steps, isa):
    first = draw(steps, isa, (1, 64), "uniform")
    assert not np.array_equal(first, draw(steps, isa, (1, 64), "uniform", seed=4))
    assert not np.array_equal(first, draw(steps, isa, (1, 64), "uniform", step=6))
