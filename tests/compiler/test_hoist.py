from netdsl.compiler.passes.hoist import hoist_small_parts
from netdsl.ops.expression import operands, unary
from netdsl.ops.op import BATCH, Build

x0, x1, x2, x3, x4 = operands(5)


def start():
    b = Build()
    return (
        b,
        b.input("x", (BATCH, 5, 5, 3)),
        [b.tensor(name, (3,), "state") for name in ("mean", "var", "gamma", "beta")],
    )


def test_the_scale_of_a_normalisation_is_computed_once_for_each_channel(same_values):
    b, x, tensors = start()
    e = (x0 - x1) / unary("sqrt", x2 + 0.001) * x3 + x4
    b.outputs["y"] = b.map(e, x, *tensors, name="y").id
    before = b.finish()
    after = hoist_small_parts(before)
    assert str(after).splitlines() == [
        "y:inner = map(var, gamma, expression=x1/sqrt(x0 + 0.001))",
        "y = map(x, mean, beta, y:inner, expression=(x0 - x1)*x3 + x2)",
    ]
    after.verify()
    same_values(before, after)


def test_a_single_cheap_operation_stays():
    b, x, (mean, var, _, _) = start()
    b.outputs["y"] = b.map(x0 - x1 * x2, x, mean, var).id
    before = b.finish()
    assert str(hoist_small_parts(before)) == str(before)


def test_what_varies_with_the_image_stays():
    b, x, (mean, *_) = start()
    b.outputs["y"] = b.map(x0 / unary("sqrt", x1), mean, x).id
    before = b.finish()
    assert str(hoist_small_parts(before)) == str(before)


def test_scalars_of_an_update_are_combined_once(same_values):
    b = Build()
    w, g = b.tensor("w", (8, 8), "param"), b.tensor("g", (8, 8), "state")
    b.outputs["y"] = b.map(x0 - x2 / (1 - x3) * x1, w, g, b.scalar("lr"), b.scalar("decay"), name="y").id
    before = b.finish()
    after = hoist_small_parts(before)
    assert str(after).splitlines() == [
        "y:inner = map(lr, decay, expression=x0/(1 - x1))",
        "y = map(w, g, y:inner, expression=x0 - x1*x2)",
    ]
    same_values(before, after)


def test_a_small_tensor_is_not_worth_it():
    b = Build()
    w = b.tensor("w", (8,), "param")
    b.outputs["y"] = b.map(x0 - unary("sqrt", x1), w, b.scalar("lr")).id
    assert len(hoist_small_parts(b.finish()).ops) == 1


def test_equal_parts_are_hoisted_once(same_values):
    b, x, (mean, var, *_) = start()
    root = unary("sqrt", x2)
    b.outputs["y"] = b.map((x0 + root) * (x0 - root) + x1, x, mean, var, name="y").id
    before = b.finish()
    assert len(hoist_small_parts(before).ops) == 2
    same_values(before, hoist_small_parts(before))
