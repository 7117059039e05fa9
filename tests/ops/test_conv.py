from itertools import product

import numpy as np
import pytest

from netdsl.ops.expression import max_, operands
from netdsl.ops.op import BATCH, KINDS

GEOMETRIES = {
    "plain": ((5, 4), 2, 3, dict(kernel=(3, 2), stride=(1, 1), pad=(0, 0, 0, 0), dilation=(1, 1), groups=1)),
    "stride, uneven pad": (
        (5, 6),
        2,
        2,
        dict(kernel=(3, 3), stride=(2, 3), pad=(1, 0, 2, 1), dilation=(1, 1), groups=1),
    ),
    "dilation": ((6, 5), 1, 2, dict(kernel=(2, 3), stride=(1, 2), pad=(1, 1, 1, 2), dilation=(3, 2), groups=1)),
    "groups": ((3, 4), 4, 6, dict(kernel=(2, 2), stride=(1, 1), pad=(1, 0, 0, 1), dilation=(1, 1), groups=2)),
    "depthwise": ((4, 3), 3, 6, dict(kernel=(3, 3), stride=(1, 1), pad=(1, 1, 1, 1), dilation=(1, 1), groups=3)),
    "pixels left over": ((6, 7), 1, 1, dict(kernel=(2, 2), stride=(4, 4), pad=(0, 0, 0, 0), dilation=(1, 1), groups=1)),
    "one axis": ((9,), 2, 3, dict(kernel=(3,), stride=(2,), pad=(2, 1), dilation=(2,), groups=1)),
    "three axes": (
        (3, 4, 3),
        1,
        2,
        dict(kernel=(2, 1, 2), stride=(1, 2, 1), pad=(1, 0, 0, 0, 0, 1), dilation=(1, 1, 1), groups=1),
    ),
}


def weight_shape(inputs, outputs, attrs):
    return (*attrs["kernel"], inputs // attrs["groups"], outputs)


def brute_force(x, w, attrs):
    """The definition, one product at a time."""
    (y_shape,) = KINDS["conv"].shape(attrs, (BATCH, *x.shape[1:]), w.shape)
    y = np.zeros((len(x), *y_shape[1:]))
    inputs, outputs = w.shape[-2], w.shape[-1] // attrs["groups"]
    for n, *at, o in np.ndindex(y.shape):
        for *tap, c in product(*map(range, w.shape[:-1])):
            pixel = [
                i * s + u * d - p
                for i, s, u, d, p in zip(at, attrs["stride"], tap, attrs["dilation"], attrs["pad"][::2], strict=True)
            ]
            if all(0 <= i < size for i, size in zip(pixel, x.shape[1:-1], strict=True)):
                y[n, *at, o] += x[n, *pixel, o // outputs * inputs + c] * w[*tap, c, o]
    return y


@pytest.fixture(params=GEOMETRIES)
def case(request):
    return GEOMETRIES[request.param]


def test_conv_is_its_definition(case):
    size, inputs, outputs, attrs = case
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(2, *size, inputs)), rng.normal(size=weight_shape(inputs, outputs, attrs))
    np.testing.assert_allclose(KINDS["conv"].run(attrs, x, w)[0], brute_force(x, w, attrs), atol=1e-12)


def test_gradient_of_conv(case, check_gradients):
    size, inputs, outputs, attrs = case
    check_gradients(
        lambda b, x, w: b.add("conv", x, w, **attrs), (BATCH, *size, inputs), weight_shape(inputs, outputs, attrs)
    )


def test_gradient_of_conv_dx(case, check_gradients):
    size, inputs, outputs, attrs = case
    shape = weight_shape(inputs, outputs, attrs)
    (y,) = KINDS["conv"].shape(attrs, (BATCH, *size, inputs), shape)
    check_gradients(lambda b, dy, w: b.add("conv_dx", dy, w, size=size, **attrs), y, shape)


def test_gradient_of_conv_dw(case, check_gradients):
    size, inputs, outputs, attrs = case
    (y,) = KINDS["conv"].shape(attrs, (BATCH, *size, inputs), weight_shape(inputs, outputs, attrs))
    check_gradients(lambda b, x, dy: b.add("conv_dw", x, dy, **attrs), (BATCH, *size, inputs), y)


def test_conv_dx_spreads_each_pixel_over_its_window():
    attrs = dict(kernel=(2,), stride=(2,), pad=(0, 0), dilation=(1,), groups=1, size=(5,))
    dy, w = np.array([1.0, 10.0]).reshape(1, 2, 1), np.array([2.0, 3.0]).reshape(2, 1, 1)
    assert KINDS["conv_dx"].run(attrs, dy, w)[0].ravel().tolist() == [2, 3, 20, 30, 0]


def test_epilogue_is_applied_to_the_result():
    attrs = dict(GEOMETRIES["plain"][3], epilogue=max_(operands(2)[0] + operands(2)[1], 0))
    x, w, b = np.ones((1, 5, 4, 2), np.float32), np.ones((3, 2, 2, 3), np.float32), np.float32([0, -11, -13])
    y = KINDS["conv"].run(attrs, x, w, b)[0]
    assert y[0, 0, 0].tolist() == [12, 1, 0] and y.dtype == np.float32


def test_groups_must_divide_channels():
    with pytest.raises(AssertionError, match="2 groups of 3"):
        KINDS["conv"].shape(GEOMETRIES["groups"][3], (BATCH, 3, 4, 3), (2, 2, 2, 6))


def test_a_batch_of_none_gives_none():
    attrs = GEOMETRIES["plain"][3]
    assert KINDS["conv"].run(attrs, np.zeros((0, 5, 4, 2)), np.zeros((3, 2, 2, 3)))[0].shape == (0, 3, 3, 3)
