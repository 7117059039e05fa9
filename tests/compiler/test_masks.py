from netdsl.compiler.passes.masks import mask_before_pools
from netdsl.ops.expression import compare, operands, where
from netdsl.ops.op import BATCH, Build

x0, x1 = operands(2)
WINDOW = {"kernel": (3, 3), "pad": (1, 1, 1, 1), "size": (3, 4), "stride": (2, 2)}
POSITIVE = where(compare("gt", x0, 0), x1, 0)


def start():
    b = Build()
    x, dy = b.input("x", (BATCH, 6, 7, 4)), b.input("dy", (BATCH, 3, 4, 4))
    b.outputs["y"] = b.add("pool_max", x, name="y", **WINDOW).id
    return b, x, b.add("pool_max_dx", x, dy, name="dx", **WINDOW)


def test_a_mask_moves_to_the_smaller_side_of_a_pool(same_values):
    b, x, dx = start()
    b.outputs["dz"] = b.map(POSITIVE, x, dx, name="dz").id
    before = b.finish()
    after = mask_before_pools(before)
    window = "kernel=3x3, pad=1x1x1x1, size=3x4, stride=2x2"
    assert str(before).splitlines()[1:] == [
        f"dx = pool_max_dx(x, dy, {window})",
        "dz = map(x, dx, expression=where(gt(x0, 0), x1, 0))",
    ]
    assert str(after).splitlines()[1:] == [
        "dy:masked = map(y, dy, expression=where(gt(x0, 0), x1, 0))",
        f"dz = pool_max_dx(x, dy:masked, {window})",
    ]
    same_values(before, after)


def test_the_order_of_the_operands_does_not_matter(same_values):
    b, x, dx = start()
    b.outputs["dz"] = b.map(where(compare("gt", x1, 1.5), x0, 0), dx, x, name="dz").id
    before = b.finish()
    assert "dy:masked = map(y, dy, expression=where(gt(x0, 1.5), x1, 0))" in str(mask_before_pools(before))
    same_values(before, mask_before_pools(before))


def test_a_gradient_with_another_reader_is_masked_where_it_is():
    b, x, dx = start()
    b.outputs.update(dx=dx.id, dz=b.map(POSITIVE, x, dx).id)
    assert str(mask_before_pools(b.finish())).count("masked") == 0


def test_a_mask_of_another_array_stays():
    b, _, dx = start()
    b.outputs["dz"] = b.map(POSITIVE, b.input("z", (BATCH, 6, 7, 4)), dx).id
    assert str(mask_before_pools(b.finish())).count("masked") == 0


def test_a_test_against_another_array_stays():
    b, x, dx = start()
    b.outputs["dz"] = b.map(where(compare("gt", x0, x1), x1, 0), x, dx).id
    assert str(mask_before_pools(b.finish())).count("masked") == 0


def test_without_the_pool_itself_the_mask_stays():
    b, x, _ = start()
    wider = WINDOW | {"kernel": (2, 2), "pad": (0, 0, 0, 0), "size": (3, 3)}
    dx = b.add("pool_max_dx", x, b.input("other", (BATCH, 3, 3, 4)), **wider)
    b.outputs["dz"] = b.map(POSITIVE, x, dx).id
    assert str(mask_before_pools(b.finish())).count("masked") == 0
