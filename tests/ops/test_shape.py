import numpy as np
import pytest

from netdsl.ops.op import BATCH, Build
from netdsl.reference import run_ops

EMIT = {
    "pad": lambda b, x: b.add("pad", x, pads=(1, 0, 0, 2), number=3.0),
    "slice": lambda b, x: b.add("slice", x, start=(1, 0), stop=(3, 2)),
    "reshape": lambda b, x: b.add("reshape", x, shape=(4, 3)),
    "permute": lambda b, x: b.add("permute", x, order=(1, 0)),
    "concat": lambda b, x: b.add("concat", x, b.add("slice", x, start=(0, 1), stop=(3, 3)), x, axis=1),
}


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("name", EMIT)
def test_gradient(name, batched, check_gradients):
    check_gradients(EMIT[name], ((BATCH, 3, 4) if batched else (3, 4)))


def result(name, images=1):
    b = Build()
    b.outputs["y"] = EMIT[name](b, b.input("x", (BATCH, 3, 4))).id
    return run_ops(b.finish(), {"x": np.arange(12.0 * images).reshape(images, 3, 4)})["y"]


def test_pad_surrounds_with_its_number():
    assert result("pad")[0, :2].tolist() == [[3] * 6, [0, 1, 2, 3, 3, 3]]


def test_slice_keeps_start_up_to_stop():
    assert result("slice").tolist() == [[[4, 5], [8, 9]]]


def test_reshape_runs_over_rows_and_keeps_the_batch():
    assert result("reshape", images=2)[1, 0].tolist() == [12, 13, 14]


def test_permute_counts_axes_without_the_batch():
    assert result("permute")[0, 1].tolist() == [1, 5, 9]


def test_concat_lays_operands_side_by_side():
    assert result("concat")[0, 0].tolist() == [0, 1, 2, 3, 1, 2, 0, 1, 2, 3]


def test_a_count_that_differs_is_refused():
    b = Build()
    with pytest.raises(AssertionError, match="into"):
        b.add("reshape", b.input("x", (BATCH, 3, 4)), shape=(5,))
