import numpy as np
import pytest

from netdsl.ops.expression import constant, operands
from netdsl.ops.op import BATCH, Build
from netdsl.reference import run_ops

x0, x1 = operands(2)


def mean_over_images():
    b = Build()
    x = b.input("x", (BATCH, 2))
    total = b.add("reduce", x, axes=(0,), keep=False)
    b.outputs["mean"] = b.map(x0 * x1, total, b.inverse_batch()).id
    return b.finish()


@pytest.mark.parametrize("images", [1, 2, 5])
def test_the_number_of_images_is_that_of_the_input(images):
    assert run_ops(mean_over_images(), {"x": np.full((images, 2), 3.0)})["mean"].tolist() == [3, 3]


def test_no_images_give_an_empty_result():
    b = Build()
    b.outputs["y"] = b.map(x0 * 2, b.input("x", (BATCH, 3))).id
    assert run_ops(b.finish(), {"x": np.zeros((0, 3))})["y"].shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_value_has_the_dtype_that_was_asked_for(dtype):
    b = Build()
    one = b.map(constant(1), shape=(BATCH, 2), name="one")
    b.outputs["y"] = b.map(x0 + x1, b.input("x", (BATCH, 2)), one, name="y").id
    run = run_ops(b.finish(), {"x": np.zeros((3, 2), np.int64)}, dtype=dtype)
    assert run["one"].dtype == run["y"].dtype == dtype and run["one"].shape == (3, 2)


def test_constants_come_with_the_program():
    b = Build()
    b.outputs["y"] = b.map(x0 * x1, b.input("x", (BATCH, 2)), b.const(np.float32([2, 3]))).id
    assert run_ops(b.finish(), {"x": [[1.0, 1.0]]})["y"].tolist() == [[2, 3]]


def test_verify_refuses_a_use_before_it_is_made():
    from dataclasses import replace

    program = mean_over_images()
    with pytest.raises(AssertionError, match="used before it is made"):
        replace(program, ops=program.ops[::-1]).verify()
