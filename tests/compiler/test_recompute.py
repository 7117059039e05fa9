from netdsl.compiler.passes.recompute import recompute
from netdsl.ops.expression import operands, unary
from netdsl.ops.op import BATCH, Build

x0, x1 = operands(2)


def two_steps():
    """g = tanh(x), h = sigmoid(g), y = h·w; behind it dw = hᵀ·dy and u = g·dy."""
    b = Build()
    x, w = b.input("x", (BATCH, 4)), b.tensor("w", (4, 4), "param")
    g = b.map(unary("tanh", x0), x, name="g")
    h = b.map(unary("sigmoid", x0), g, name="h")
    y = b.add("dot", h, w, transpose="none", name="y")
    b.phase = "backward"
    b.gradients["w"] = b.add("dot", h, y, transpose="a", name="dw").id
    b.outputs["u"] = b.map(x0 * x1, g, y, name="u").id
    return b.finish(), g.id, h.id


def behind(program):
    """What stands behind the forward phase."""
    return str(program).split("transpose=none)\n")[1].splitlines()


def test_a_dropped_value_is_made_again_before_its_first_reader(same_values):
    before, _, h = two_steps()
    after = recompute(before, {h})
    assert behind(after) == [
        "h:again = map(g, expression=sigmoid(x0))",
        "dw = dot(h:again, y, transpose=a)",
        "u = map(g, y, expression=x0*x1)",
    ]
    after.verify()
    same_values(before, after)


def test_what_it_is_made_of_is_made_again_too_and_shared(same_values):
    before, g, h = two_steps()
    after = recompute(before, {g, h})
    assert behind(after) == [
        "g:again = map(x, expression=tanh(x0))",
        "h:again = map(g:again, expression=sigmoid(x0))",
        "dw = dot(h:again, y, transpose=a)",
        "u = map(g:again, y, expression=x0*x1)",
    ]
    same_values(before, after)


def test_without_anything_to_drop_the_program_stays_as_it_is():
    before, _, _ = two_steps()
    assert str(recompute(before)) == str(before)


def test_a_chain_of_ten_thousand_is_made_again_without_recursion():
    b = Build()
    first = value = b.input("x", (BATCH, 4))
    dropped = set()
    for _ in range(10_000):
        value = b.map(x0 + 1, value)
        dropped.add(value.id)
    b.phase = "backward"
    b.outputs["u"] = b.map(x0 * x1, value, first).id
    assert len(recompute(b.finish(), dropped).ops) == 20_001
