import numpy as np
import pytest

from netdsl.ops.op import BATCH, KINDS


def test_the_window_is_clipped_at_the_ends():
    assert KINDS["lrn_sum"].run({"before": 1, "after": 2}, np.array([[1.0, 10, 100, 1000]]))[0].tolist() == [
        [111, 1111, 1110, 1100]
    ]


def test_a_window_wider_than_the_channels_sums_them_all():
    assert KINDS["lrn_sum"].run({"before": 9, "after": 9}, np.array([[1.0, 2, 3]]))[0].tolist() == [[6, 6, 6]]


@pytest.mark.parametrize(("before", "after"), [(2, 2), (0, 3), (1, 0)])
def test_gradient(before, after, check_gradients):
    check_gradients(lambda b, x: b.add("lrn_sum", x, before=before, after=after), (BATCH, 2, 5))
