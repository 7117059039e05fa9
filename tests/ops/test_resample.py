"""resample: a line at another size by each rule, on numbers that can be read off; its gradient is its adjoint."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.ops.op import BATCH, KINDS
from netdsl.ops.resample import RULES, shares


def line(rule, size, *numbers):
    x = np.array(numbers, float).reshape(1, -1, 1)
    return KINDS["resample"].run({"rule": rule, "size": (size,)}, x)[0].ravel().tolist()


@pytest.mark.parametrize(
    ("rule", "size", "expected"),
    [
        ("nearest", 6, [1, 1, 5, 5, 9, 9]),
        ("nearest", 4, [1, 1, 5, 9]),
        ("nearest", 2, [1, 5]),
        ("bilinear", 6, [1, 2, 4, 6, 8, 9]),
        ("bilinear", 1, [5]),
        ("area", 1, [5]),
        ("area", 2, [3, 7]),
        ("area", 6, [1, 1, 5, 5, 9, 9]),
    ],
)
def test_a_line_of_1_5_9(rule, size, expected):
    assert line(rule, size, 1, 5, 9) == expected


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 7), (7, 1), (5, 3), (3, 5), (8, 12), (31, 17)])
def test_the_shares_of_a_result_sum_to_1(rule, n, m):
    np.testing.assert_allclose(shares(rule, n, m).sum(1), 1, rtol=1e-15)


def test_nothing_without_a_share_is_looked_at():
    assert line("bilinear", 6, 1, 5, float("nan"))[:3] == [1, 2, 4]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RULES), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=3))
def test_the_gradient_is_the_adjoint(rule, axes):
    size, made = zip(*axes, strict=True)
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(2, *size, 3)), rng.normal(size=(2, *made, 3))
    y = KINDS["resample"].run({"rule": rule, "size": made}, x)[0]
    dx = KINDS["resample_dx"].run({"rule": rule, "input": size}, dy)[0]
    assert np.vdot(y, dy) == pytest.approx(np.vdot(x, dx), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_derived_gradients(rule, check_gradients):
    check_gradients(lambda b, x: b.add("resample", x, rule=rule, size=(5, 2)), (BATCH, 3, 4, 2))
    check_gradients(lambda b, dy: b.add("resample_dx", dy, rule=rule, input=(3, 4)), (BATCH, 5, 2, 2))
