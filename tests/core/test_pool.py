"""Pooling and its gradients against loops over windows."""

import numpy as np
import pytest

# n, h, w, channels, kernel, stride, pad, out
WINDOWS = [
    (1, 1, 1, 1, (1, 1), (1, 1), (0, 0), (1, 1)),
    (3, 5, 37, 17, (2, 2), (2, 2), (0, 0), (3, 19)),
    (2, 7, 6, 33, (3, 3), (2, 2), (1, 1), (4, 3)),
    (2, 7, 6, 3, (3, 2), (1, 3), (0, 1), (5, 3)),
    (1, 9, 70, 5, (9, 70), (1, 1), (0, 0), (1, 1)),
    (3, 28, 28, 6, (2, 2), (2, 2), (0, 0), (14, 14)),
]


def windows(shape):
    """(oh, ow, slice of rows, slice of columns) of every window, clipped."""
    _, h, w, _, kernel, stride, pad, out = shape
    for oh in range(out[0]):
        for ow in range(out[1]):
            top, left = oh * stride[0] - pad[0], ow * stride[1] - pad[1]
            yield oh, ow, slice(max(0, top), min(h, top + kernel[0])), slice(max(0, left), min(w, left + kernel[1]))


def problem(steps, rng, shape):
    n, h, w, c, kernel, stride, pad, out = shape
    x = rng.integers(-3, 4, (n, h, w, c)).astype(np.float32)
    dy = rng.integers(-3, 4, (n, *out, c)).astype(np.float32)
    return x, dy, steps.geometry(x, (*out, c), kernel=kernel, stride=stride, pad=pad)


@pytest.mark.parametrize("shape", WINDOWS)
def test_pool_max_and_pool_sum(steps, rng, isa, threads, shape):
    x, dy, fields = problem(steps, rng, shape)
    for kernel, function in (("pool_max", np.max), ("pool_sum", np.sum)):
        expected = np.zeros_like(dy)
        for oh, ow, rows, columns in windows(shape):
            expected[:, oh, ow] = function(x[:, rows, columns], axis=(1, 2))
        y = np.full_like(dy, np.nan)
        steps.run(kernel, steps.images(y), steps.images(x), isa=isa, threads=threads, **fields)
        assert np.array_equal(y, expected), kernel


@pytest.mark.parametrize("shape", WINDOWS)
def test_pool_max_dx_gives_dy_to_the_first_maximum(steps, rng, isa, threads, shape):
    x, dy, fields = problem(steps, rng, shape)
    expected = np.zeros_like(x)
    for oh, ow, rows, columns in windows(shape):
        part = x[:, rows, columns].transpose(0, 3, 1, 2)
        flat = part.reshape(*part.shape[:2], -1).argmax(2)
        for image, channel in np.ndindex(flat.shape):
            i, j = divmod(int(flat[image, channel]), part.shape[3])
            expected[image, rows.start + i, columns.start + j, channel] += dy[image, oh, ow, channel]
    dx = np.full_like(x, np.nan)
    steps.run("pool_max_dx", steps.images(dx), steps.images(x), steps.images(dy), isa=isa, threads=threads, **fields)
    assert np.array_equal(dx, expected)


@pytest.mark.parametrize("shape", WINDOWS)
def test_pool_sum_dx_gives_dy_to_every_pixel_of_the_window(steps, rng, isa, threads, shape):
    x, dy, fields = problem(steps, rng, shape)
    expected = np.zeros_like(x)
    for oh, ow, rows, columns in windows(shape):
        expected[:, rows, columns] += dy[:, oh : oh + 1, ow : ow + 1]
    dx = np.full_like(x, np.nan)
    steps.run("pool_sum_dx", steps.images(dx), steps.images(dy), isa=isa, threads=threads, **fields)
    assert np.array_equal(dx, expected)


def test_nan_is_the_maximum_and_gets_the_gradient(steps, isa):
    x = np.array([1, np.nan, np.nan, 9], np.float32).reshape(1, 2, 2, 1)
    fields = steps.geometry(x, (1, 1, 1), kernel=(2, 2))
    one = np.ones((1, 1, 1, 1), np.float32)
    assert np.isnan(steps.run("pool_max", steps.images(one.copy()), steps.images(x), isa=isa, **fields)).all()
    dx = steps.run("pool_max_dx", steps.images(np.zeros_like(x)), steps.images(x), steps.images(one), isa=isa, **fields)
    assert dx.reshape(-1).tolist() == [0, 1, 0, 0]


def test_pool_sum_of_a_large_window_is_accurate(steps, rng, isa):
    x = rng.uniform(0.1, 1, (1, 112, 112, 3)).astype(np.float32)
    fields = steps.geometry(x, (1, 1, 3), kernel=(112, 112))
    y = steps.run("pool_sum", steps.images(np.zeros((1, 1, 1, 3), np.float32)), steps.images(x), isa=isa, **fields)
    exact = x.sum(axis=(1, 2), dtype=float)
    assert (abs(y[:, 0, 0] - exact) <= 1.2e-6 * exact).all()
