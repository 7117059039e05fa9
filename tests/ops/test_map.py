import numpy as np
import pytest

from netdsl.compiler.differentiate import differentiate
from netdsl.ops.expression import compare, max_, min_, operands, unary, where
from netdsl.ops.map import broadcast
from netdsl.ops.op import BATCH, Build

x0, x1, x2 = operands(3)
ELEMENTWISE = {
    "product": (x0 * x1 - x2 / x1, 3),
    "tanh": (unary("tanh", x0) * 1.7, 1),
    "relu": (max_(x0, 0), 1),
    "leaky": (where(compare("gt", x0, 0), x0, 0.1 * x0), 1),
    "relu6": (min_(max_(x0, 0), 1), 1),
    "swish": (x0 * unary("sigmoid", x0), 1),
    "twice the operand": (x0 * x0, 1),
}


def test_sizes_of_one_stretch_and_the_batch_stays():
    assert broadcast((BATCH, 5, 4, 3), (3,), (), (5, 1, 1)) == (BATCH, 5, 4, 3)


def test_other_sizes_are_refused():
    with pytest.raises(AssertionError, match="do not broadcast"):
        broadcast((BATCH, 3), (BATCH, 4))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_gradient(name, check_gradients):
    expression, count = ELEMENTWISE[name]
    check_gradients(lambda b, *xs: b.map(expression, *xs), *[(BATCH, 3)] * count)


@pytest.mark.parametrize("shape", [(3,), (), (1, 4, 1), (BATCH, 1, 1, 3), (5, 1, 3), (BATCH, 5, 4, 1)])
def test_gradient_of_a_stretched_operand_is_summed(shape, check_gradients):
    check_gradients(lambda b, x, y: b.map(x0 * x1, x, y), (BATCH, 5, 4, 3), shape)


def test_shape_widens_the_result(check_gradients):
    check_gradients(lambda b, x: b.map(x0 * x0, x, shape=(BATCH, 4, 3)), (4, 1), images=3)


def test_gradient_of_a_gradient(check_gradients):
    def emit(build, x):
        y = build.map(unary("tanh", x0) * x0, x)
        total = build.add("reduce", y, axes=(0, 1), keep=False)
        return differentiate(build, total, [x])[0]

    check_gradients(emit, (BATCH, 3))


def backward_of(expression):
    build = Build()
    x = build.input("x", (BATCH, 3))
    y = build.map(expression, x, name="y")
    loss = build.add("reduce", y, axes=(0, 1), keep=False, name="loss")
    differentiate(build, loss, [x])
    return str(build.finish()).splitlines()[-1].split(" = ", 1)[1]


def test_relu_is_masked_by_its_result():
    assert backward_of(max_(x0, 0)) == "map(y, %4, expression=where(gt(x0, 0), x1, 0))"


def test_tanh_keeps_only_its_result():
    assert backward_of(unary("tanh", x0)) == "map(y, %4, expression=x1*(1 - x0*x0))"


def test_leaky_slopes_and_clips_are_told_from_the_result():
    leaky = where(compare("gt", x0, 0), x0, x0 * 0.1)
    assert backward_of(leaky) == "map(y, %4, expression=where(gt(x0, 0), x1, x1*0.1))"
    clip = min_(max_(x0, 0), 6)
    assert backward_of(clip) == "map(y, %4, expression=where(gt(6, x0), where(gt(x0, 0), x1, 0), 0))"


def test_a_negative_slope_is_told_from_the_operand():
    falling = where(compare("gt", x0, 0), x0, x0 * -0.1)
    assert backward_of(falling) == "map(x, %4, expression=where(gt(x0, 0), x1, x1*-0.1))"


def test_relu_passes_no_infinite_gradient_where_it_is_off():
    build = Build()
    x = build.input("x", (BATCH,))
    y = build.map(max_(x0, 0), x)
    loss = build.add("reduce", build.map(x0 * np.inf, y), axes=(0,), keep=False)
    build.gradients["x"] = differentiate(build, loss, [x])[0].id
    from netdsl.reference import run_ops

    assert run_ops(build.finish(), {"x": [-1.0, 1.0]})["gradient of x"].tolist() == [0, np.inf]


def test_factors_that_do_not_vary_are_applied_to_the_sum():
    build = Build()
    x, scale, shift = (
        build.input("x", (BATCH, 3)),
        build.tensor("scale", (3,), "param"),
        build.tensor("s", (3,), "param"),
    )
    y = build.map((x0 + x2) * unary("exp", x1), x, scale, shift)
    total = build.add("reduce", y, axes=(0, 1), keep=False)
    differentiate(build, total, [shift])
    *_, summed, applied = build.ops
    assert summed.kind == "reduce" and str(applied["expression"]) == "x1*exp(x0)"
