from netdsl.compiler.passes.sums import fuse_sums
from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, Build

x0, x1, x2 = operands(3)


def total(b, x, name, axes=(0, 1)):
    return b.add("reduce", x, axes=axes, keep=False, name=name)


def start():
    b = Build()
    return b, b.input("dy", (BATCH, 5, 4)), b.input("x", (BATCH, 5, 4))


def test_the_sums_of_a_batch_norm_become_one(same_values):
    b, dy, x = start()
    mean = b.tensor("mean", (4,), "param")
    b.outputs["s"] = total(b, dy, "s").id
    b.outputs["t"] = total(b, b.map(x2 * (x0 - x1), x, mean, dy, name="z"), "t").id
    before = b.finish()
    after = fuse_sums(before)
    assert str(before) == (
        "s = reduce(dy, axes=0x1, keep=false)\n"
        "z = map(x, mean, dy, expression=x2*(x0 - x1))\n"
        "t = reduce(z, axes=0x1, keep=false)"
    )
    assert str(after) == "s, t = reduce(dy, x, mean, axes=0x1, expressions=(x0,x0*(x1 - x2)), keep=false)"
    same_values(before, after)


def test_a_map_with_another_reader_is_kept():
    b, dy, x = start()
    z = b.map(x0 * x1, dy, x, name="z")
    b.outputs.update(z=z.id, s=total(b, z, "s").id)
    assert str(fuse_sums(b.finish())).splitlines()[1] == "s = reduce(z, axes=0x1, keep=false)"


def test_sums_without_a_common_operand_stay_apart():
    b, dy, x = start()
    b.outputs.update(s=total(b, dy, "s").id, t=total(b, x, "t").id)
    assert len(fuse_sums(b.finish()).ops) == 2


def test_a_sum_of_what_is_made_after_the_first_stays_apart():
    b, dy, _ = start()
    s = total(b, dy, "s")
    late = b.map(x0 * x1, dy, s, name="late")
    b.outputs.update(late=late.id, t=total(b, b.map(x0 * x1, late, dy), "t").id)
    lines = str(fuse_sums(b.finish())).splitlines()
    assert lines[0] == "s = reduce(dy, axes=0x1, keep=false)"
    assert lines[-1] == "t = reduce(late, dy, axes=0x1, expressions=(x0*x1), keep=false)"


def test_a_sum_of_an_operand_that_is_assigned_in_between_stays_apart():
    b, dy, _ = start()
    mean = b.tensor("mean", (4,), "param")
    b.outputs["s"] = total(b, dy, "s").id
    b.add("assign", mean, b.map(x0 * 2, mean))
    b.outputs["t"] = total(b, b.map(x0 * x1, dy, mean), "t").id
    assert [op.kind for op in fuse_sums(b.finish()).ops] == ["reduce", "map", "assign", "reduce"]


def test_sums_over_inner_axes_are_left_alone():
    b, dy, x = start()
    b.outputs["s"] = total(b, b.map(x0 * x1, dy, x), "s", axes=(1,)).id
    assert len(fuse_sums(b.finish()).ops) == 2


def test_a_map_that_stretches_its_operands_is_kept():
    b, dy, _ = start()
    line = b.input("line", (BATCH, 5, 1))
    b.outputs["s"] = total(b, b.map(x0 * x1, dy, line), "s").id
    assert len(fuse_sums(b.finish()).ops) == 2


def test_the_sum_of_a_product_over_everything_takes_the_product_in(same_values):
    b, dy, x = start()
    b.outputs["s"] = total(b, b.map(x0 * x1, dy, x), "s", axes=(0, 1, 2)).id
    before = b.finish()
    assert str(fuse_sums(before)) == "s = reduce(dy, x, axes=0x1x2, expressions=(x0*x1), keep=false)"
    same_values(before, fuse_sums(before))
