import numpy as np
import pytest

from netdsl.ops.op import BATCH, KINDS

GEOMETRIES = {
    "2x2": ((4, 6), dict(kernel=(2, 2), stride=(2, 2), pad=(0, 0, 0, 0), size=(2, 3))),
    "overlapping": ((5, 7), dict(kernel=(3, 3), stride=(2, 2), pad=(0, 0, 0, 0), size=(2, 3))),
    "padded, 3x2": ((5, 4), dict(kernel=(3, 2), stride=(2, 1), pad=(1, 1, 1, 0), size=(3, 4))),
    "rounded up": ((5, 6), dict(kernel=(2, 3), stride=(2, 2), pad=(0, 0, 0, 0), size=(3, 3))),
    "stride above kernel": ((7, 5), dict(kernel=(2, 1), stride=(3, 2), pad=(0, 0, 0, 0), size=(2, 3))),
    "one axis": ((7,), dict(kernel=(3,), stride=(2,), pad=(1, 1), size=(4,))),
    "three axes": ((3, 2, 4), dict(kernel=(2, 2, 2), stride=(1, 2, 2), pad=(0,) * 6, size=(2, 1, 2))),
}
ROW = dict(kernel=(3,), stride=(1,), pad=(1, 1), size=(4,))


def row(*numbers):
    return np.array(numbers, float).reshape(1, -1, 1)


@pytest.fixture(params=GEOMETRIES)
def case(request):
    return GEOMETRIES[request.param]


def test_max_clips_its_window_to_the_image():
    assert KINDS["pool_max"].run(ROW, row(-3, -2, -5, -4))[0].ravel().tolist() == [-2, -2, -2, -4]


def test_sum_counts_no_pixel_outside():
    assert KINDS["pool_sum"].run(ROW, row(1, 10, 100, 1000))[0].ravel().tolist() == [11, 111, 1110, 1100]


def test_max_propagates_nan():
    y = KINDS["pool_max"].run(ROW, row(1, np.nan, 2, 3))[0].ravel()
    assert np.isnan(y).tolist() == [True, True, True, False]


def test_first_of_equal_maxima_gets_the_gradient():
    dx = KINDS["pool_max_dx"].run(ROW, row(5, 5, 5, 5), row(1, 10, 100, 1000))[0]
    assert dx.ravel().tolist() == [11, 100, 1000, 0]


def test_first_nan_gets_the_gradient():
    dx = KINDS["pool_max_dx"].run(ROW, row(1, np.nan, np.nan, 9), row(1, 10, 100, 1000))[0]
    assert dx.ravel().tolist() == [0, 111, 1000, 0]


def test_minus_infinity_is_a_maximum_where_there_is_nothing_else():
    dx = KINDS["pool_max_dx"].run(ROW, row(*[-np.inf] * 4), row(1, 10, 100, 1000))[0]
    assert dx.ravel().tolist() == [11, 100, 1000, 0]


@pytest.mark.parametrize("kind", ["pool_max", "pool_sum"])
def test_gradient(case, kind, check_gradients):
    size, attrs = case
    check_gradients(lambda b, x: b.add(kind, x, **attrs), (BATCH, *size, 2))


def test_gradient_of_pool_sum_dx(case, check_gradients):
    size, attrs = case
    rest = {k: v for k, v in attrs.items() if k != "size"}
    check_gradients(lambda b, dy: b.add("pool_sum_dx", dy, input=size, **rest), (BATCH, *attrs["size"], 2))


def test_gradients_of_pool_max_dx_and_pick(case, check_gradients):
    size, attrs = case
    check_gradients(
        lambda b, x, dy: b.add("pool_max_dx", x, dy, **attrs), (BATCH, *size, 1), (BATCH, *attrs["size"], 1)
    )
    check_gradients(lambda b, x, g: b.add("pool_max_pick", x, g, **attrs), (BATCH, *size, 1), (BATCH, *size, 1))


def test_a_window_outside_the_image_is_refused():
    with pytest.raises(AssertionError, match="empty window"):
        KINDS["pool_max"].shape(dict(ROW, size=(6,)), (BATCH, 4, 1))
