import pytest

from netdsl.compiler.passes.epilogue import fuse_epilogues
from netdsl.ops.expression import compare, max_, operands, unary, where
from netdsl.ops.op import BATCH, Build

x0, x1, x2 = operands(3)
GEOMETRY = dict(kernel=(1, 1), stride=(1, 1), pad=(0, 0, 0, 0), dilation=(1, 1), groups=1)
TEXT = "dilation=1x1, {}groups=1, kernel=1x1, pad=0x0x0x0, stride=1x1"


def start():
    b = Build()
    x = b.input("x", (BATCH, 3, 2, 4))
    w = b.tensor("w", (1, 1, 4, 4), "param")
    return b, x, w, b.tensor("b", (4,), "param")


def test_bias_and_activation_go_into_the_convolution(same_values):
    b, x, w, bias = start()
    z = b.map(x0 + x1, b.add("conv", x, w, name="c", **GEOMETRY), bias, name="z")
    b.outputs["y"] = b.map(max_(x0, 0), z, name="y").id
    before = b.finish()
    after = fuse_epilogues(before)
    assert str(before).splitlines()[1:] == ["z = map(c, b, expression=x0 + x1)", "y = map(z, expression=max(x0, 0))"]
    assert str(after) == f"y = conv(x, w, b, {TEXT.format('epilogue=max(x0 + x1, 0), ')})"
    same_values(before, after)


def test_the_later_of_two_products_takes_in_the_sum(same_values):
    b, x, w, bias = start()
    first = b.map(x0 + x1, b.add("conv", x, w, **GEOMETRY), bias, name="first")
    second = b.map(x0 + x1, b.add("conv", x, w, **GEOMETRY), bias, name="second")
    b.outputs["y"] = b.map(max_(x0 + x1, 0), first, second, name="y").id
    before = b.finish()
    after = fuse_epilogues(before)
    assert [after.line(op).split(", dilation")[0] for op in after.ops] == [
        "first = conv(x, w, b",
        "y = conv(x, w, first, b",
    ]
    assert str(after.ops[1]["epilogue"]) == "max(x1 + (x0 + x2), 0)"
    same_values(before, after)


def test_the_input_may_be_the_residual(same_values):
    b, x, w, _ = start()
    b.outputs["y"] = b.map(x0 + x1, b.add("conv", x, w, **GEOMETRY), x, name="y").id
    before = b.finish()
    assert str(fuse_epilogues(before)).startswith("y = conv(x, w, x, ")
    same_values(before, fuse_epilogues(before))


def test_the_mask_of_an_activation_goes_into_the_gradient_before_it(same_values):
    b, x, w, _ = start()
    y = b.input("y", (BATCH, 3, 2, 4))
    dx = b.add("conv_dx", x, w, size=(3, 2), **GEOMETRY)
    b.outputs["g"] = b.map(where(compare("gt", x0, 1), x1, 0), y, dx, name="g").id
    before = b.finish()
    after = fuse_epilogues(before)
    assert str(after).startswith("g = conv_dx(x, w, y, ") and str(after.ops[0]["epilogue"]) == "where(gt(x1, 1), x0, 0)"
    same_values(before, after)


@pytest.mark.parametrize("transpose", ["none", "b"])
def test_a_dot_takes_its_bias(transpose, same_values):
    b = Build()
    x, w, bias = b.input("x", (BATCH, 4)), b.tensor("w", (4, 4), "param"), b.tensor("b", (4,), "param")
    b.outputs["y"] = b.map(unary("tanh", x0 + x1), b.add("dot", x, w, transpose=transpose), bias, name="y").id
    before = b.finish()
    assert str(fuse_epilogues(before)) == f"y = dot(x, w, b, epilogue=tanh(x0 + x1), transpose={transpose})"
    same_values(before, fuse_epilogues(before))


def test_a_product_that_is_wanted_or_read_twice_stays_bare():
    b, x, w, bias = start()
    c = b.add("conv", x, w, **GEOMETRY)
    b.outputs.update(c=c.id, y=b.map(x0 + x1, c, bias).id)
    d = b.add("conv", x, w, **GEOMETRY)
    b.outputs.update(u=b.map(x0 + x1, d, bias).id, v=b.map(x0 * 2, d).id)
    assert [op.kind for op in fuse_epilogues(b.finish()).ops] == ["conv", "map", "conv", "map", "map"]


def test_an_operand_of_another_shape_stays_outside():
    b, x, w, _ = start()
    gate = b.input("gate", (BATCH, 1, 1, 4))
    b.outputs["y"] = b.map(x0 * x1, b.add("conv", x, w, **GEOMETRY), gate).id
    assert len(fuse_epilogues(b.finish()).ops) == 2


def test_a_gradient_of_a_weight_takes_nothing():
    b = Build()
    x, w = b.input("x", (BATCH, 4)), b.tensor("w", (4, 4), "param")
    b.outputs["y"] = b.map(x0 + x1, b.add("dot", x, x, transpose="a"), w).id
    assert len(fuse_epilogues(b.finish()).ops) == 2


def test_at_most_four_further_operands():
    b, x, w, _ = start()
    y = b.add("conv", x, w, **GEOMETRY)
    for i in range(6):
        y = b.map(x0 + x1, y, b.tensor(f"b{i}", (4,), "param"))
    b.outputs["y"] = y.id
    assert [len(op.ins) for op in fuse_epilogues(b.finish()).ops] == [6, 2, 2]
