import numpy as np

from netdsl.ops.expression import operands
from netdsl.ops.op import Build
from netdsl.reference import run_ops

x0, x1 = operands(2)


def test_a_reader_after_an_assign_sees_the_new_array():
    b = Build()
    w = b.tensor("w", (2,), "param")
    before = b.map(x0 * 10, w)
    b.add("assign", w, b.map(x0 + 1, w))
    b.outputs.update(before=before.id, after=b.map(x0 * 10, w).id)
    run = run_ops(b.finish(), {"w": np.array([1.0, 2.0])})
    assert run["before"].tolist() == [10, 20] and run["after"].tolist() == [20, 30]
    assert run.assigned["w"].tolist() == [2, 3]


def test_convert_passes_numbers_and_gradients_through(check_gradients):
    check_gradients(lambda build, x: build.add("convert", x, to="panel", groups=1), (3, 2))
