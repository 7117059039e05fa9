import pytest

from netdsl.compiler.passes.fold import fold_weights
from netdsl.ops.expression import max_, operands, unary
from netdsl.ops.op import BATCH, Build

x0, x1, x2, x3, x4 = operands(5)
GEOMETRY = dict(kernel=(2, 2), stride=(1, 1), pad=(0, 0, 0, 0), dilation=(1, 1), groups=2)
NORMALISE = (x0 - x3) / unary("sqrt", x4 + 0.5) * x1 + x2


def start():
    b = Build()
    x, w = b.input("x", (BATCH, 3, 2, 4)), b.tensor("w", (2, 2, 2, 6), "param")
    roles = {"gamma": "param", "beta": "param", "mean": "state", "var": "state", "bias": "param"}
    return b, x, w, {name: b.tensor(name, (6,), role) for name, role in roles.items()}


def normalise(b, z, t, name=""):
    return b.map(NORMALISE, z, t["gamma"], t["beta"], t["mean"], t["var"], name=name)


def test_batch_norm_goes_into_the_weight(same_values):
    b, x, w, t = start()
    b.outputs["y"] = normalise(b, b.add("conv", x, w, name="z", **GEOMETRY), t, "y").id
    before = b.finish()
    after = fold_weights(before)
    assert [
        after.line(op).replace(", dilation=1x1, groups=2, kernel=2x2, pad=0x0x0x0, stride=1x1", "") for op in after.ops
    ] == [
        "w:folded = map(w, gamma, var, expression=x0*(1/sqrt(x2 + 0.5)*x1))",
        "z:shift = map(gamma, beta, mean, var, expression=-x2/sqrt(x3 + 0.5)*x0 + x1, shape=6)",
        "z:folded = conv(x, w:folded)",
        "y = map(z:folded, z:shift, expression=x0 + x1)",
    ]
    assert [op.phase for op in after.ops] == ["prepare", "prepare", "forward", "forward"]
    after.verify()
    same_values(before, after)


def test_a_bias_in_between_is_folded_too_and_the_activation_stays(same_values):
    b, x, w, t = start()
    z = b.map(x0 + x1, b.add("conv", x, w, **GEOMETRY), t["bias"])
    b.outputs["y"] = b.map(max_(x0, 0), normalise(b, z, t)).id
    before = b.finish()
    after = fold_weights(before)
    assert [op.kind for op in after.ops if op.phase == "forward"] == ["conv", "map", "map"]
    same_values(before, after)


@pytest.mark.parametrize("rounds", [2, 3, 7])
def test_what_is_more_than_a_map_may_hold_is_folded_in_rounds(rounds, same_values):
    b, x, w, t = start()
    z = b.map(x0 + x1, b.add("conv", x, w, **GEOMETRY), t["bias"])
    for k in range(rounds):
        own = {n: b.tensor(f"{n}{k}", (6,), v.role) for n, v in t.items()}
        z = b.map(1 - x0, normalise(b, z, own))
    b.outputs["y"] = b.map(max_(x0, 0), z).id
    before = b.finish()
    after = fold_weights(before)
    after.verify()
    assert [op.kind for op in after.ops if op.phase == "forward"] == ["conv", "map", "map"]
    assert max(len(op.ins) for op in after.ops) <= 6
    same_values(before, after)


def test_a_scale_of_a_dot_leaves_no_map(same_values):
    b = Build()
    x, w, s = b.input("x", (BATCH, 3)), b.tensor("w", (3, 2), "param"), b.tensor("s", (2,), "param")
    b.outputs["y"] = b.map(x0 * x1, b.add("dot", x, w, transpose="none"), s, name="y").id
    before = b.finish()
    after = fold_weights(before)
    assert str(after) == "w:folded = map(w, s, expression=x0*x1)\ny = dot(x, w:folded, transpose=none)"
    same_values(before, after)


def test_a_bias_alone_stays_as_it_is():
    b, x, w, t = start()
    b.outputs["y"] = b.map(x0 + x1, b.add("conv", x, w, **GEOMETRY), t["bias"]).id
    before = b.finish()
    assert str(fold_weights(before)) == str(before)


def test_a_wanted_convolution_is_not_folded():
    b, x, w, t = start()
    z = b.add("conv", x, w, **GEOMETRY)
    b.outputs.update(z=z.id, y=normalise(b, z, t).id)
    before = b.finish()
    assert str(fold_weights(before)) == str(before)


def test_an_operand_that_depends_on_the_image_is_not_folded():
    b, x, w, _ = start()
    b.outputs["y"] = b.map(x0 * x1, b.add("conv", x, w, **GEOMETRY), b.input("g", (BATCH, 1, 1, 6))).id
    before = b.finish()
    assert str(fold_weights(before)) == str(before)


def test_a_program_that_assigns_is_left_alone():
    b, x, w, t = start()
    b.outputs["y"] = normalise(b, b.add("conv", x, w, **GEOMETRY), t).id
    b.add("assign", t["mean"], b.map(x0 * 2, t["mean"]))
    before = b.finish()
    assert fold_weights(before) is before


def test_slopes_that_are_computed_apart_are_folded(same_values):
    b, x, w, t = start()
    z = b.add("conv", x, w, **GEOMETRY)
    scale = b.map(x1 / unary("sqrt", x0 + 0.5), t["var"], t["gamma"])
    b.outputs["y"] = b.map((x0 - x1) * x2 + x3, z, t["mean"], scale, t["beta"]).id
    before = b.finish()
    after = fold_weights(before)
    assert [op.kind for op in after.ops if op.phase == "forward"] == ["conv", "map"]
    after.verify()
    same_values(before, after)


def test_what_depends_on_weights_alone_is_prepared():
    b, x, w, _ = start()
    turned = b.add("permute", w, order=(1, 0, 2, 3))
    b.outputs["y"] = b.add("conv", x, turned, **GEOMETRY).id
    assert [op.phase for op in fold_weights(b.finish()).ops] == ["prepare", "forward"]


def test_a_difference_of_a_value_from_itself_is_left_to_the_run(same_values):
    b = Build()
    x, w = b.input("x", (BATCH, 3)), b.tensor("w", (3, 2), "param")
    z = b.add("dot", x, w, transpose="none")
    b.outputs["y"] = b.map(x0 - x1, z, z, name="y").id
    before = b.finish()
    after = fold_weights(before)
    assert [op.kind for op in after.ops] == ["dot", "map"]
    same_values(before, after)
