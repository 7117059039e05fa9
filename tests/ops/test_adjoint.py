"""Each gradient is the adjoint of its operation, ⟨conv(x, w), dy⟩ = ⟨x, conv_dx(dy, w)⟩, exactly on whole numbers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.ops.op import BATCH, KINDS


@st.composite
def windows(draw, dilated=True):
    """Kernel, stride, pad, dilation and an image that holds at least one window."""
    rank = draw(st.integers(1, 3))
    size = tuple(draw(st.integers(1, 9 if rank < 3 else 4)) for _ in range(rank))
    kernel = tuple(draw(st.integers(1, min(4, n))) for n in size)
    dilation = tuple(
        draw(st.integers(1, (n - 1) // (k - 1) if dilated and k > 1 else 1)) for n, k in zip(size, kernel, strict=True)
    )
    stride = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    pad = tuple(draw(st.integers(0, k - 1)) for k in kernel for _ in range(2))
    return size, dict(kernel=kernel, stride=stride, pad=pad, dilation=dilation)


def whole_numbers(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.integers(-9, 9, shape).astype(float) for shape in shapes]


@settings(max_examples=150, deadline=None)
@given(windows(), st.integers(1, 3), st.integers(1, 2), st.integers(1, 2), st.integers(0, 99))
def test_convolution(window, groups, inputs, outputs, seed):
    size, attrs = window
    attrs = attrs | {"groups": groups}
    x_shape, w_shape = (2, *size, inputs * groups), (*attrs["kernel"], inputs, outputs * groups)
    (y_shape,) = KINDS["conv"].shape(attrs, (BATCH, *x_shape[1:]), w_shape)
    x, w, dy = whole_numbers(seed, x_shape, w_shape, (2, *y_shape[1:]))
    y = np.vdot(KINDS["conv"].run(attrs, x, w)[0], dy)
    assert y == np.vdot(x, KINDS["conv_dx"].run(attrs | {"size": size}, dy, w)[0])
    assert y == np.vdot(w, KINDS["conv_dw"].run(attrs, x, dy)[0])


@settings(max_examples=100, deadline=None)
@given(windows(dilated=False), st.integers(0, 99))
def test_pools(window, seed):
    size, attrs = window
    (y_shape,) = KINDS["conv"].shape(attrs | {"groups": 1}, (BATCH, *size, 1), (*attrs["kernel"], 1, 1))
    del attrs["dilation"]
    attrs["size"] = y_shape[1:-1]
    x, g, dy = whole_numbers(seed, (2, *size, 3), (2, *size, 3), (2, *y_shape[1:-1], 3))
    assert np.vdot(KINDS["pool_sum"].run(attrs, x)[0], dy) == np.vdot(
        x, KINDS["pool_sum_dx"].run(attrs | {"input": size}, dy)[0]
    )
    assert np.vdot(KINDS["pool_max_pick"].run(attrs, x, g)[0], dy) == np.vdot(
        g, KINDS["pool_max_dx"].run(attrs, x, dy)[0]
    )
    assert np.array_equal(KINDS["pool_max_pick"].run(attrs, x, x)[0], KINDS["pool_max"].run(attrs, x)[0])
