import numpy as np
import pytest

from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, KINDS


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 2), (3,), (0, 1, 2), (0, 1, 2, 3), (1, 3)])
def test_gradient_of_reduce(axes, keep, check_gradients):
    check_gradients(lambda b, x: b.add("reduce", x, axes=axes, keep=keep), (BATCH, 2, 3, 4))


def test_gradient_of_reduce_without_a_batch(check_gradients):
    check_gradients(lambda b, x: b.add("reduce", x, axes=(1,), keep=False), (2, 3, 4))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("output", [0, 1])
def test_gradient_of_one_of_two_sums(output, keep, check_gradients):
    x0, x1, x2 = operands(3)

    def one(build, *xs):
        return build.add("reduce", *xs, axes=(0, 1), expressions=(x0 * x1, x0 * (x1 - x2) * x2), keep=keep)[output]

    check_gradients(one, (BATCH, 3, 4), (BATCH, 3, 4), (4,))


def test_gradient_of_two_sums_together(check_gradients):
    x0, x1 = operands(2)

    def both(build, *xs):
        return build.map(x0 * x1, *build.add("reduce", *xs, axes=(0, 2), expressions=(x0, x0 * x1), keep=False))

    check_gradients(both, (BATCH, 3, 4), (3, 1))


def test_sums_of_expressions_are_over_the_shape_that_all_operands_make():
    x0, x1 = operands(2)
    x, b = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    sums = KINDS["reduce"].run({"axes": (0,), "expressions": (x1, x0 * x1), "keep": False}, x, b)
    assert [s.tolist() for s in sums] == [[2, 4, 6], [3, 10, 21]]


@pytest.mark.parametrize("output", [0, 1])
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2), (3,), (0,), (1, 2, 3)])
def test_gradient_of_moments(axes, output, check_gradients):
    check_gradients(lambda b, x: b.add("moments", x, axes=axes)[output], (BATCH, 2, 3, 4), images=3)


def test_gradient_of_both_moments(check_gradients):
    from netdsl.ops.expression import unary

    x0, x1, x2 = operands(3)

    def normalise(build, x):
        mean, variance = build.add("moments", x, axes=(0, 1))
        return build.map((x0 - x1) / unary("sqrt", x2 + 0.1), x, mean, variance)

    check_gradients(normalise, (BATCH, 3, 2), images=3)


def test_variance_survives_a_mean_of_a_thousand_deviations():
    x = (1000 + np.random.default_rng(0).normal(size=(4096, 1))).astype(np.float32)
    variance = KINDS["moments"].run({"axes": (0,)}, x)[1]
    np.testing.assert_allclose(variance, x.astype(np.float64).var(axis=0), rtol=2e-6)
