import numpy as np
import pytest

from netdsl.compiler.powers import with_roots
from netdsl.ops.expression import evaluate, operands

x0, x1 = operands(2)


@pytest.mark.parametrize("quarters", [q for q in range(-16, 17) if q])
def test_a_power_to_quarters_is_that_power(quarters):
    x = np.geomspace(0.01, 100, 500)
    found = evaluate(with_roots(x0 ** (quarters / 4)), [x.astype(np.float32)])
    np.testing.assert_allclose(found, x.astype(np.float32).astype(float) ** (quarters / 4), rtol=4e-7)


def test_powers_are_written_with_roots_and_products():
    assert str(with_roots(x0**-0.75 + x1**2)) == "1/(sqrt(x0)*sqrt(sqrt(x0))) + x1*x1"


@pytest.mark.parametrize("power", [0.3, 4.25, -5.0, 1e-20])
def test_other_powers_stay(power):
    assert with_roots(x0**power) == x0**power


def test_a_power_that_is_no_number_stays():
    assert with_roots(x0**x1) == x0**x1


def test_a_power_within_a_power():
    assert str(with_roots((x0**0.5 + 1) ** 0.25)) == "sqrt(sqrt(sqrt(x0) + 1))"


@pytest.mark.parametrize("x", [0.0, np.inf, np.nan])
def test_roots_of_0_infinity_and_nan(x):
    with np.errstate(all="ignore"):
        for power in (-1.75, -0.5, 0.25, 3.0):
            np.testing.assert_equal(evaluate(with_roots(x0**power), [np.float64(x)]), np.float64(x) ** power)
