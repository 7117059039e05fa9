from netdsl.compiler.passes.dead import remove_dead
from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, Build

(x0,) = operands(1)


def test_only_what_reaches_an_output_or_an_assign_stays():
    b = Build()
    x, w = b.input("x", (BATCH, 3)), b.tensor("w", (3,), "param")
    b.map(x0 * 2, x, name="unused")
    b.add("assign", w, b.map(x0 * 3, w, name="stored"))
    b.outputs["y"] = b.map(x0 * 4, b.map(x0 * 5, x, name="needed"), name="y").id
    assert str(remove_dead(b.finish())).splitlines() == [
        "stored = map(w, expression=x0*3)",
        "assign(w, stored)",
        "needed = map(x, expression=x0*5)",
        "y = map(needed, expression=x0*4)",
    ]


def test_a_gradient_that_is_asked_for_stays():
    b = Build()
    b.gradients["x"] = b.map(x0 * 2, b.input("x", (BATCH, 3)), name="gx").id
    assert str(remove_dead(b.finish())) == "gx = map(x, expression=x0*2)"


def test_of_two_results_one_is_enough():
    b = Build()
    mean, _ = b.add("moments", b.input("x", (BATCH, 3)), axes=(0,))
    b.outputs["mean"] = mean.id
    assert len(remove_dead(b.finish()).ops) == 1
