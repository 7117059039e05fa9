import numpy as np

from netdsl.compiler.differentiate import differentiate
from netdsl.compiler.passes import rewrite
from netdsl.ops.expression import max_, operands, unary
from netdsl.ops.op import BATCH, Build
from netdsl.reference import run_ops

x0, x1, x2 = operands(3)


def total(build, y):
    return build.add("reduce", y, axes=tuple(range(len(y.shape))), keep=False, name="loss")


def test_the_gradient_of_a_product_as_text():
    b = Build()
    x, w = b.input("x", (BATCH, 2)), b.tensor("w", (2, 3), "param")
    loss = total(b, b.add("dot", x, w, transpose="none", name="y"))
    b.gradients["w"] = differentiate(b, loss, [w])[0].id
    assert str(rewrite(b.finish())).splitlines() == [
        "%5 = map(expression=1, shape=(n,3))",
        "%7 = dot(x, %5, transpose=a)",
    ]


def test_several_readers_are_added_in_their_order():
    b = Build()
    x = b.input("x", (BATCH, 2))
    parts = [b.map(x0 * k, x, name=f"y{k}") for k in (2, 3, 5)]
    y = b.map(x0 + x1 + x2, *parts)
    gradient = differentiate(b, total(b, y), [x])[0]
    b.gradients["x"] = gradient.id
    program = b.finish()
    sums = [op for op in program.ops if op.phase == "backward" and str(op["expression"]) == "x0 + x1"]
    assert gradient.id == sums[-1].outs[0]
    assert run_ops(program, {"x": np.ones((1, 2))})["gradient of x"].tolist() == [[10, 10]]
    first = next(op for op in program.ops if op.outs[0] == sums[0].ins[0])
    assert str(first["expression"]) == "x0*2"


def test_an_independent_value_has_gradient_zero():
    b = Build()
    x, w = b.input("x", (BATCH, 2)), b.tensor("w", (3,), "param")
    b.gradients["w"] = differentiate(b, total(b, x), [w])[0].id
    assert run_ops(b.finish(), {"x": np.ones((1, 2)), "w": np.ones(3)})["gradient of w"].tolist() == [0, 0, 0]


def test_no_gradient_is_made_for_what_is_not_asked():
    b = Build()
    x, w = b.input("x", (BATCH, 2)), b.tensor("w", (2, 2), "param")
    h = b.map(max_(x0, 0), b.map(x0 * 2, x))
    b.gradients["w"] = differentiate(b, total(b, b.add("dot", h, w, transpose="none")), [w])[0].id
    assert [op.kind for op in rewrite(b.finish()).ops if op.phase == "backward"] == ["map", "dot"]


def test_operations_carry_the_origin_of_the_forward_one():
    b = Build()
    x = b.input("x", (BATCH, 2))
    b.origin = "act"
    y = b.map(unary("tanh", x0), x)
    b.origin = ""
    differentiate(b, total(b, y), [x])
    assert {op.origin for op in b.ops if op.phase == "backward"} == {"", "act"} and b.phase == "forward"


def test_a_mean_over_the_batch_takes_the_images_of_the_run():
    b = Build()
    x, w = b.input("x", (BATCH, 2)), b.tensor("w", (2,), "param")
    b.phase = "forward"
    mean = b.map(x0 * x1, total(b, b.map(x0 * x1, x, w)), b.inverse_batch())
    b.gradients["w"] = differentiate(b, mean, [w])[0].id
    program = b.finish()
    for images in (1, 4):
        found = run_ops(program, {"x": np.full((images, 2), 3.0), "w": np.ones(2)})
        assert found["gradient of w"].tolist() == [3, 3]


def test_passes_keep_the_gradients_of_a_small_net(same_values):
    b = Build(training=True)
    x, w = b.input("x", (BATCH, 5, 4, 2)), b.tensor("w", (3, 3, 2, 4), "param")
    bias, v = b.tensor("b", (4,), "param"), b.tensor("v", (4, 3), "param")
    c = b.add("conv", x, w, kernel=(3, 3), stride=(1, 1), pad=(1, 1, 1, 1), dilation=(1, 1), groups=1)
    mean, variance = b.add("moments", c, axes=(0, 1, 2))
    n = b.map((x0 - x1) / unary("sqrt", x2 + 0.1), c, mean, variance)
    h = b.map(max_(x0 + x1, 0), n, bias)
    p = b.add("pool_max", h, kernel=(2, 2), stride=(2, 2), pad=(0,) * 4, size=(2, 2))
    y = b.add("softmax", b.add("dot", p, v, transpose="none"))
    loss = total(b, b.map(x0 * x0, y))
    wrt = [w, bias, v]
    b.gradients = {t.name: g.id for t, g in zip(wrt, differentiate(b, loss, wrt), strict=True)}
    b.outputs["loss"] = loss.id
    before = b.finish()
    after = rewrite(before)
    assert len(after.ops) < len(before.ops)
    same_values(before, after)
