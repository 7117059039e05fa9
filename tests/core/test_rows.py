"""softmax, cross-entropy and lrn_sum: along the last axis."""

import numpy as np
import pytest


def softmax(x):
    e = np.exp(x.astype(float) - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


SHAPES = [(1, 1, 1), (3, 1, 10), (2, 5, 17), (3, 7, 1000), (1, 1, 9973)]


def along(x):
    return {"rows": int(np.prod(x.shape[1:-1])), "columns": x.shape[-1]}


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax(steps, rng, isa, threads, shape):
    x = (rng.standard_normal(shape) * 4).astype(np.float32)
    y = steps.run(
        "softmax", steps.images(np.full_like(x, np.nan)), steps.images(x), isa=isa, threads=threads, **along(x)
    )
    np.testing.assert_allclose(y, softmax(x), rtol=5e-6, atol=1e-12)
    assert (abs(y.sum(-1, dtype=float) - 1) <= 2e-6).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_dx(steps, rng, isa, threads, shape):
    y, dy = softmax(rng.standard_normal(shape)).astype(np.float32), rng.standard_normal(shape).astype(np.float32)
    operands = steps.images(np.full_like(y, np.nan)), steps.images(y), steps.images(dy)
    dx = steps.run("softmax_dx", *operands, isa=isa, threads=threads, **along(y))
    exact = y * (dy - (y.astype(float) * dy).sum(-1, keepdims=True))
    np.testing.assert_allclose(dx, exact, rtol=5e-6, atol=2e-6 * abs(y).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy_and_its_gradient(steps, rng, isa, threads, shape):
    x = (rng.standard_normal(shape) * 3).astype(np.float32)
    labels = rng.integers(0, shape[-1], shape[:-1]).astype(np.int32)
    dloss = rng.standard_normal(shape[:-1]).astype(np.float32)
    p, onehot = softmax(x), np.eye(shape[-1])[labels]
    loss = np.full(shape[:-1], np.nan, np.float32)
    steps.run("softmax_xent", *map(steps.images, (loss, x, labels)), isa=isa, threads=threads, **along(x))
    np.testing.assert_allclose(loss, -np.log((p * onehot).sum(-1)), rtol=5e-6, atol=1e-6)
    dx = np.full_like(x, np.nan)
    steps.run("softmax_xent_dx", *map(steps.images, (dx, x, labels, dloss)), isa=isa, threads=threads, **along(x))
    np.testing.assert_allclose(dx, (p - onehot) * dloss[..., None], rtol=5e-6, atol=1e-6)


def test_huge_logits_stay_finite(steps, isa):
    x = np.array([[1e4, -1e4, 0]], np.float32)
    assert steps.run(
        "softmax", steps.images(np.zeros_like(x)), steps.images(x), isa=isa, rows=1, columns=3
    ).tolist() == [[1, 0, 0]]
    loss, label = np.zeros(1, np.float32), np.array([1], np.int32)
    assert steps.run("softmax_xent", *map(steps.images, (loss, x, label)), isa=isa, rows=1, columns=3).tolist() == [
        20000
    ]


def test_nan_stays_in_its_row_and_a_wrong_label_gives_nan(steps, isa):
    x = np.zeros((3, 4), np.float32)
    x[1, 2] = np.nan
    y = steps.run("softmax", steps.images(np.zeros_like(x)), steps.images(x), isa=isa, rows=1, columns=4)
    assert np.isnan(y[1]).all() and (y[[0, 2]] == 0.25).all()
    loss, labels = np.zeros(3, np.float32), np.array([0, 0, 4], np.int32)
    steps.run("softmax_xent", *map(steps.images, (loss, x, labels)), isa=isa, rows=1, columns=4)
    assert np.isnan(loss).tolist() == [False, True, True]


@pytest.mark.parametrize(("before", "after"), [(0, 0), (2, 2), (2, 1), (40, 3)])
@pytest.mark.parametrize("channels", [1, 3, 17, 96])
def test_lrn_sum(steps, rng, isa, threads, before, after, channels):
    x = rng.integers(-9, 10, (2, 3, 5, channels)).astype(np.float32)
    exact = np.stack([x[..., max(0, c - before) : c + after + 1].sum(-1) for c in range(channels)], -1)
    operands = steps.images(np.full_like(x, np.nan)), steps.images(x)
    got = steps.run("lrn_sum", *operands, isa=isa, threads=threads, before=before, after=after, **along(x))
    assert np.array_equal(got, exact)
