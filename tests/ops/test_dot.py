import numpy as np
import pytest

from netdsl.ops.expression import max_, operands
from netdsl.ops.op import BATCH, KINDS

a, b = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]])


def test_none_is_the_matrix_product():
    assert KINDS["dot"].run({"transpose": "none"}, a, b)[0].tolist() == [[1, 2, 8], [3, 4, 18], [5, 6, 28]]


def test_b_reads_the_matrix_turned():
    assert KINDS["dot"].run({"transpose": "b"}, a, b.T)[0].tolist() == [[1, 2, 8], [3, 4, 18], [5, 6, 28]]


def test_a_sums_over_all_leading_axes():
    x, y = np.arange(8.0).reshape(2, 2, 2), np.ones((2, 2, 1))
    assert KINDS["dot"].run({"transpose": "a"}, x, y)[0].tolist() == [[12], [16]]


def test_epilogue_adds_the_bias():
    x0, x1 = operands(2)
    attrs = {"transpose": "none", "epilogue": max_(x0 + x1, 0)}
    assert KINDS["dot"].run(attrs, a, b, np.array([-2.0, -4.0, 0.0]))[0].tolist() == [[0, 0, 8], [1, 0, 18], [3, 2, 28]]


@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("transpose", ["none", "a", "b"])
def test_gradient(check_gradients, transpose, lead):
    second = {"none": (4, 3), "b": (3, 4), "a": (BATCH, *lead, 3)}[transpose]
    check_gradients(lambda build, x, y: build.add("dot", x, y, transpose=transpose), (BATCH, *lead, 4), second)


def test_inner_sizes_must_agree():
    with pytest.raises(AssertionError, match="transpose=none"):
        KINDS["dot"].shape({"transpose": "none"}, (BATCH, 4), (3, 4))
