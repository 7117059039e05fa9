"""reduce, sums and moments."""

import numpy as np
import pytest


def reduce(steps, isa, x, axes, *, batched=True, chunks=1, threads=1):
    """Sum of x (N, …) over `axes`, axis 0 the batch; the result keeps the other axes."""
    inner = x.shape[1:]
    kept = [1 if axis + 1 in axes else size for axis, size in enumerate(inner)]
    dense = [int(np.prod(shape[i + 1 :])) for shape in (kept, inner) for i in range(len(inner))]
    to = [0 if axis + 1 in axes else s for axis, s in enumerate(dense[: len(inner)])]
    y = np.full((1 if 0 in axes else len(x), *kept), np.nan, np.float32)
    terms = x.size // y.size
    out = steps.fixed(y, strides=tuple(to)) if 0 in axes else steps.images(y, strides=tuple(to))
    sizes = dict(zip([f"size{i}" for i in range(5)], [1] * (5 - len(inner)) + list(inner), strict=True))
    partials = steps.fixed(np.full(chunks * y.size, np.nan, np.float32))
    operands = out, steps.images(x, strides=tuple(dense[len(inner) :])), partials
    steps.run("reduce", *operands, isa=isa, threads=threads, chunks=chunks, chunk_rows=-(-terms // chunks), **sizes)
    return y


SUMS = [((3, 5, 7, 17), axes) for axes in [(0, 1, 2), (3,), (1, 2), (0,), (0, 1, 2, 3), (2,), (1, 3), (0, 2), (0, 3)]]
SUMS += [
    ((1, 1, 1, 1), (0, 1, 2, 3)),
    ((2, 40, 40, 100), (0, 1, 2)),
    ((3, 33), (1,)),
    ((3, 33), (0,)),
    ((5, 20000), (1,)),
    ((7,), (0,)),
]


@pytest.mark.parametrize(("shape", "axes"), SUMS)
def test_reduce_of_integers_is_exact(steps, rng, isa, threads, shape, axes):
    x = rng.integers(-9, 10, shape).astype(np.float32)
    assert np.array_equal(reduce(steps, isa, x, axes, threads=threads), x.sum(axis=axes, dtype=float, keepdims=True))


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 1, 2, 3), (0,)])
def test_reduce_in_chunks_is_exact(steps, rng, isa, threads, axes):
    x = rng.integers(-9, 10, (6, 5, 7, 33)).astype(np.float32)
    assert np.array_equal(
        reduce(steps, isa, x, axes, chunks=4, threads=threads), x.sum(axis=axes, dtype=float, keepdims=True)
    )


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 1, 2, 3)])
def test_reduce_of_many_positive_numbers_is_accurate(steps, rng, isa, axes):
    x = rng.uniform(0.1, 1, (2, 150, 150, 3)).astype(np.float32)
    np.testing.assert_allclose(
        reduce(steps, isa, x, axes), x.sum(axis=axes, dtype=float, keepdims=True), rtol=32 * 2.0**-24
    )


def test_a_sum_over_images_that_do_not_follow_each_other_is_exact(steps, rng, isa, threads):
    x, w = rng.integers(-9, 10, (3, 7, 5)).astype(np.float32), rng.integers(-9, 10, (7, 5)).astype(np.float32)
    fields = {"rows": 7, "columns": 5, "inputs": 2, "outputs": 1, "chunks": 4, "chunk_rows": 6}
    y, words = np.zeros(5, np.float32), steps.code(("mul", 31, 32, 33))
    ins = steps.images(x, strides=(5, 1, 0, 0, 0)), steps.fixed(w, strides=(5, 1, 0, 0, 0))
    operands = steps.fixed(y), None, steps.fixed(words), steps.fixed(np.zeros(20, np.float32)), *ins
    steps.run("sums", *operands, isa=isa, threads=threads, words=words.size, **fields)
    assert np.array_equal(y, (x * w).sum(axis=(0, 1), dtype=float))


def moments(steps, isa, x, threads=1, chunk_rows=70):
    columns = x.shape[-1]
    rows = x[0].size // columns
    chunks = -(-rows // chunk_rows)
    mean, var = np.full(columns, np.nan, np.float32), np.full(columns, np.nan, np.float32)
    partials = steps.fixed(np.full(len(x) * chunks * 3 * columns, np.nan, np.float32))
    operands = steps.fixed(mean), steps.fixed(var), steps.images(x), partials
    fields = {"rows": rows, "columns": columns, "chunks": chunks, "chunk_rows": chunk_rows}
    steps.run("moments", *operands, isa=isa, threads=threads, **fields)
    return mean, var


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 5, 37, 17), (2, 31, 30, 33), (5, 3), (2, 9, 64), (2, 33, 300)])
def test_moments(steps, rng, isa, threads, shape):
    x = rng.standard_normal(shape).astype(np.float32)
    mean, var = moments(steps, isa, x, threads)
    rows = x.reshape(-1, shape[-1]).astype(float)
    np.testing.assert_allclose(mean, rows.mean(0), rtol=1e-6, atol=5e-7)
    np.testing.assert_allclose(var, rows.var(0), rtol=2e-6, atol=1e-12)


def test_variance_survives_a_mean_of_ten_thousand_deviations(steps, rng, isa):
    x = (rng.standard_normal((4, 20, 20, 5)) + 1e4).astype(np.float32)
    np.testing.assert_allclose(moments(steps, isa, x)[1], x.reshape(-1, 5).astype(float).var(0), rtol=2e-6)


@pytest.mark.parametrize("chunk_rows", [7, 64, 1000])
def test_variance_survives_blocks_of_different_means(steps, rng, isa, chunk_rows):
    x = (rng.standard_normal((3, 400, 3)) + 1e4 * (np.arange(400)[:, None] // 50 % 2)).astype(np.float32)
    rows = x.reshape(-1, 3).astype(float)
    mean, var = moments(steps, isa, x, chunk_rows=chunk_rows)
    np.testing.assert_allclose(mean, rows.mean(0), rtol=1e-6)
    np.testing.assert_allclose(var, rows.var(0), rtol=2e-6)


def test_variance_survives_a_first_row_far_from_the_rest(steps, rng, isa):
    x = rng.standard_normal((2, 500, 40)).astype(np.float32)
    x[:, ::50] += 100
    np.testing.assert_allclose(moments(steps, isa, x)[1], x.reshape(-1, 40).astype(float).var(0), rtol=2e-6)
