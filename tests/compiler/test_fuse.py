from netdsl.compiler.passes.fuse import fuse_maps
from netdsl.ops.expression import constant, max_, operands, unary
from netdsl.ops.op import BATCH, Build

x0, x1 = operands(2)


def start():
    b = Build()
    return b, b.input("x", (BATCH, 4)), b.tensor("b", (4,), "param")


def test_a_chain_becomes_one_map(same_values):
    b, x, bias = start()
    z = b.map(x0 + x1, x, bias, name="z")
    b.outputs["y"] = b.map(unary("tanh", x0), z, name="y").id
    before = b.finish()
    after = fuse_maps(before)
    assert str(before) == "z = map(x, b, expression=x0 + x1)\ny = map(z, expression=tanh(x0))"
    assert str(after) == "y = map(x, b, expression=tanh(x0 + x1))"
    same_values(before, after)


def test_an_operand_read_twice_is_read_once(same_values):
    b, x, bias = start()
    b.outputs["y"] = b.map(x0 * x1, b.map(x0 + x1, x, bias), x, name="y").id
    before = b.finish()
    assert str(fuse_maps(before)) == "y = map(x, b, expression=(x0 + x1)*x0)"
    same_values(before, fuse_maps(before))


def test_a_value_with_two_readers_is_kept():
    b, x, bias = start()
    z = b.map(x0 + x1, x, bias, name="z")
    b.outputs["y"] = b.map(x0 * 2, z, name="y").id
    b.outputs["u"] = b.map(x0 * 3, z, name="u").id
    assert len(fuse_maps(b.finish()).ops) == 3


def test_a_wanted_value_is_kept():
    b, x, bias = start()
    z = b.map(x0 + x1, x, bias, name="z")
    b.outputs.update(z=z.id, y=b.map(x0 * 2, z, name="y").id)
    assert len(fuse_maps(b.finish()).ops) == 2


def test_a_small_map_is_not_computed_again_for_every_element():
    b, x, bias = start()
    b.outputs["y"] = b.map(x0 + x1, x, b.map(unary("exp", x0), bias), name="y").id
    assert len(fuse_maps(b.finish()).ops) == 2


def test_a_constant_is_absorbed_by_all_its_readers(same_values):
    b, x, bias = start()
    one = b.map(constant(1), shape=(BATCH, 4))
    b.outputs["y"] = b.map(x0 * x1, x, one, name="y").id
    b.outputs["u"] = b.map(x0 + x1, bias, one, name="u").id
    before = b.finish()
    after = fuse_maps(before)
    assert str(after).splitlines() == ["y = map(x, expression=x0)", "u = map(b, expression=x0 + 1, shape=(n,4))"]
    same_values(before, after)


def test_a_map_that_changes_nothing_is_left_out(same_values):
    b, x, _ = start()
    same = b.map(x0 * x1, x, b.map(constant(1), shape=()))
    b.outputs["y"] = b.add("softmax", same, name="y").id
    before = b.finish()
    assert str(fuse_maps(before)) == "y = softmax(x)"
    same_values(before, fuse_maps(before))


def test_a_stretched_operand_is_read_directly(same_values):
    b, x, bias = start()
    wide = b.map(x0, bias, shape=(BATCH, 4))
    b.outputs["y"] = b.map(max_(x0 - x1, 0), x, wide, name="y").id
    before = b.finish()
    assert str(fuse_maps(before)) == "y = map(x, b, expression=max(x0 - x1, 0))"
    same_values(before, fuse_maps(before))


def test_phases_are_not_mixed():
    b, x, bias = start()
    z = b.map(x0 + x1, x, bias, name="z")
    b.phase = "backward"
    b.outputs["y"] = b.map(x0 * 2, z, name="y").id
    assert len(fuse_maps(b.finish()).ops) == 2


def test_nothing_is_read_later_than_it_is_assigned(same_values):
    b, x, bias = start()
    z = b.map(x0 + x1, x, bias, name="z")
    b.add("assign", bias, b.map(x0 * 2, bias, name="new"))
    b.outputs["y"] = b.map(unary("tanh", x0), z, name="y").id
    before = b.finish()
    assert len(fuse_maps(before).ops) == 4
    same_values(before, fuse_maps(before))


def test_no_map_grows_beyond_six_operands():
    b, x, _ = start()
    y = x
    for i in range(9):
        y = b.map(x0 + x1, y, b.input(f"x{i}", (BATCH, 4)))
    b.outputs["y"] = y.id
    assert [len(op.ins) for op in fuse_maps(b.finish()).ops] == [6, 5]
