import numpy as np
import pytest

from netdsl.ops.derivative import derivative
from netdsl.ops.expression import (
    compare,
    constant,
    evaluate,
    indices,
    max_,
    min_,
    operands,
    split_product,
    substitute,
    unary,
    where,
)

x0, x1 = operands(2)
SMOOTH = {
    **{op: unary(op, x0 * x1) for op in ("neg", "exp", "tanh", "sigmoid", "erf", "abs")},
    **{op: unary(op, x0 * x0 + x1 * x1) for op in ("log", "sqrt", "log1p")},
    "add": x0 + x1,
    "sub": x0 - 2 * x1,
    "mul": x0 * x1 * x0,
    "div": x0 / (x1 * x1 + 1),
    "square": x0**2 + 3 * x1**3,
    "power": (x0 * x0 + 0.5) ** (x1 * 0.7),
    "max": max_(x0 * x0, x1),
    "min": min_(x0, x1 * x0),
    "where": where(compare("gt", x0, x1), x0 * 3, x1 * x0),
}


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("name", SMOOTH)
def test_derivative_is_the_central_difference(name, index):
    points = np.random.default_rng(3).normal(size=(2, 40))
    step = np.zeros((2, 1))
    step[index] = 1e-6
    numeric = (evaluate(SMOOTH[name], points + step) - evaluate(SMOOTH[name], points - step)) / 2e-6
    np.testing.assert_allclose(evaluate(derivative(SMOOTH[name], index), points), numeric, rtol=1e-5, atol=1e-7)


def test_text_has_the_brackets_it_needs():
    assert str((x0 + x1) * 2 - x0 / (x1 * 3)) == "(x0 + x1)*2 - x0/(x1*3)"
    assert str(-((x0 + 1) ** 2)) == "-(x0 + 1)**2"
    assert str(max_(x0 + x1, 0.5)) == "max(x0 + x1, 0.5)"


def test_zeros_and_ones_disappear():
    assert [str(e) for e in (x0 * 1, x0 + 0, 0 * x0, x0**1, x0 / 1, 0 - x0, x0 * -1)] == [
        "x0",
        "x0",
        "0",
        "x0",
        "x0",
        "-x0",
        "-x0",
    ]


def test_substitute_simplifies():
    assert str(substitute(x0 * (x1 + x0), [constant(1), x0])) == "x0 + 1"


def test_relu_has_no_slope_at_zero():
    assert evaluate(derivative(max_(x0, 0), 0), [np.array([-1.0, 0.0, 2.0])]).tolist() == [0, 0, 1]


def test_max_and_min_propagate_nan():
    x = np.array([np.nan, 1.0])
    assert (
        np.isnan(evaluate(max_(x0, 0), [x])).tolist() == np.isnan(evaluate(min_(x0, 0), [x])).tolist() == [True, False]
    )


@pytest.mark.parametrize("op", ["sigmoid", "tanh", "erf"])
def test_saturates_without_overflow_and_keeps_nan(op):
    y = evaluate(unary(op, x0), [np.float32([-1e4, 1e4, np.nan])])
    assert y[:2].tolist() == [0 if op == "sigmoid" else -1, 1] and np.isnan(y[2]) and y.dtype == np.float32


def test_sigmoid_reaches_its_bounds_at_infinity():
    assert evaluate(unary("sigmoid", x0), [np.float64([-np.inf, np.inf])]).tolist() == [0, 1]


def test_evaluates_in_the_dtype_of_the_arrays():
    assert evaluate(unary("erf", x0 * 0.1 + 3), [np.ones(2, np.float32)]).dtype == np.float32


def test_split_product_parts_factors_and_divisors():
    chosen, others = split_product(-(x0 - 1) / (2 * x1) * x1 / x0, lambda e: 1 not in indices(e))
    assert (str(chosen), str(others)) == ("-(x0 - 1)/(2*x0)", "x1/x1")
