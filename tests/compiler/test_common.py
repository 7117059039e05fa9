from netdsl.compiler.passes.common import merge_common
from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, Build

x0, x1 = operands(2)


def test_the_same_operation_is_done_once(same_values):
    b = Build()
    x = b.input("x", (BATCH, 3))
    s, t = (b.add("reduce", x, axes=(0,), keep=False, name=name) for name in "st")
    b.outputs["u"] = b.map(x0 * x1, s, t, name="u").id
    before = b.finish()
    after = merge_common(before)
    assert str(after) == "s = reduce(x, axes=0, keep=false)\nu = map(s, s, expression=x0*x1)"
    same_values(before, after)


def test_chains_merge_and_outputs_follow(same_values):
    b = Build()
    x = b.input("x", (BATCH, 3))
    for name in "uv":
        b.outputs[name] = b.map(x0 * 2, b.map(x0 + 1, x), name=name).id
    before = b.finish()
    after = merge_common(before)
    assert len(after.ops) == 2 and after.outputs["u"] == after.outputs["v"]
    same_values(before, after)


def test_an_assignment_in_between_keeps_both(same_values):
    b = Build()
    w = b.tensor("w", (3,), "param")
    b.outputs["u"] = b.map(x0 * 2, w).id
    b.add("assign", w, b.map(x0 + 1, w))
    b.outputs["v"] = b.map(x0 * 2, w).id
    before = b.finish()
    assert len(merge_common(before).ops) == 4
    same_values(before, merge_common(before))


def test_phases_attributes_and_assignments_stay_apart():
    b = Build()
    x, w = b.input("x", (BATCH, 3)), b.tensor("w", (3,), "param")
    y = b.map(x0 * 2, w)
    b.add("assign", w, y)
    b.add("assign", w, y)
    b.map(x0 * 2, x)
    b.map(x0 * 3, x)
    b.phase = "backward"
    b.map(x0 * 2, x)
    assert len(merge_common(b.finish()).ops) == 6
