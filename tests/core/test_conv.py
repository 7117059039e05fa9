"""conv and conv_dw against sums in float64: small integers bit for bit, random numbers within bounds."""

from math import gcd

import numpy as np
import pytest

U = 2.0**-24

# n, h, w, channels, out, kernel, stride, pad, dilation, groups, upsample
SHAPES = [
    (1, 1, 1, 1, 1, (1, 1), (1, 1), (0, 0), (1, 1), 1, (1, 1)),
    (3, 1, 1, 33, 17, (1, 1), (1, 1), (0, 0), (1, 1), 1, (1, 1)),
    (1, 5, 37, 3, 17, (3, 3), (1, 1), (1, 1), (1, 1), 1, (1, 1)),
    (3, 5, 37, 1, 6, (5, 5), (1, 1), (2, 2), (1, 1), 1, (1, 1)),
    (3, 9, 8, 1, 3, (3, 2), (2, 3), (1, 0), (2, 1), 1, (1, 1)),
    (2, 8, 7, 6, 16, (5, 3), (1, 2), (0, 1), (1, 2), 1, (1, 1)),
    (2, 6, 6, 4, 6, (3, 3), (2, 2), (1, 1), (1, 1), 2, (1, 1)),
    (1, 7, 7, 34, 68, (1, 1), (1, 1), (0, 0), (1, 1), 2, (1, 1)),
    (1, 5, 5, 17, 17, (3, 3), (1, 1), (1, 1), (1, 1), 17, (1, 1)),
    (1, 1, 37, 3, 33, (1, 4), (1, 1), (0, 3), (1, 2), 1, (1, 1)),
    (1, 4, 4, 80, 48, (3, 3), (1, 1), (1, 1), (1, 1), 1, (1, 1)),
    (3, 4, 5, 3, 5, (3, 3), (1, 1), (2, 2), (1, 1), 1, (2, 3)),
    (2, 4, 5, 4, 6, (2, 3), (1, 1), (-1, 1), (1, 2), 2, (2, 2)),
    (64, 4, 4, 8, 40, (3, 3), (1, 1), (1, 1), (1, 1), 1, (1, 1)),
    (2, 37, 29, 3, 20, (7, 5), (2, 3), (3, 2), (1, 1), 1, (1, 1)),
    (1, 9, 300, 7, 5, (3, 7), (1, 1), (2, 0), (2, 1), 1, (1, 1)),
    (2, 6, 7, 5, 33, (5, 4), (1, 1), (3, 1), (2, 3), 1, (4, 2)),
    (2, 40, 3, 2, 3, (2, 1), (1, 1), (0, 0), (1, 1), 1, (3, 5)),
]


def problem(steps, shape, numbers):
    """x, w, the fields, patches by group, and the exact result in float64."""
    n, h, w, c, o, kernel, stride, pad, dilation, groups, upsample = shape
    spread = [(size - 1) * u + 1 for size, u in zip((h, w), upsample, strict=True)]
    size = tuple((spread[i] + 2 * pad[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(2))
    x, weight = numbers((n, h, w, c)), numbers((*kernel, c // groups, o))
    rows = steps.grouped(steps.patches(x, kernel, stride, pad, dilation, upsample, size), groups)
    split = weight.reshape(-1, groups, o // groups).astype(float)
    y = np.einsum("rgk,kgo->rgo", rows, split).reshape(n, *size, o)
    places = {
        "kernel": kernel,
        "stride": stride,
        "pad": pad,
        "dilation": dilation,
        "upsample": upsample,
        "groups": groups,
    }
    return x, weight, steps.geometry(x, (*size, o), **places), rows, y


def integers(rng):
    return lambda shape: rng.integers(-4, 5, shape).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_conv_of_small_integers_is_exact(steps, rng, isa, threads, shape):
    x, w, fields, _, exact = problem(steps, shape, integers(rng))
    y = np.full(exact.shape, np.nan, np.float32)
    spread = [u // gcd(u, d) for u, d in zip(shape[-1], shape[8], strict=True)]
    steps.run(
        "conv",
        steps.images(y),
        steps.images(x),
        steps.fixed(steps.panel(steps.ordered(w, spread), fields["groups"])),
        isa=isa,
        threads=threads,
        **fields,
    )
    assert np.array_equal(y, exact)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s[-1] == (1, 1)])
@pytest.mark.parametrize("chunks", [1, 3])
def test_conv_dw_of_small_integers_is_exact(steps, rng, isa, threads, shape, chunks):
    x, w, fields, rows, y = problem(steps, shape, integers(rng))
    groups, dy = fields["groups"], rng.integers(-4, 5, y.shape).astype(np.float32)
    exact = np.einsum("rgk,rgo->kgo", rows, dy.reshape(len(rows), groups, -1)).reshape(w.shape)
    dw = np.full(steps.panel(w, groups).size, np.nan, np.float32)
    partials = steps.fixed(np.full(chunks * dw.size, np.nan, np.float32))
    chunk_rows = -(-len(rows) // chunks)
    operands = steps.fixed(dw), steps.images(x), steps.images(dy), partials
    steps.run("conv_dw", *operands, isa=isa, threads=threads, chunks=chunks, chunk_rows=chunk_rows, **fields)
    assert np.array_equal(steps.unpanel(dw, w.shape, groups), exact)


@pytest.mark.parametrize(("draw", "bound"), [("normal", 8), ("uniform", 32)])
@pytest.mark.parametrize(
    "shape", [(1, 3, 3, 512, 16, (3, 3), (1, 1), (1, 1), (1, 1), 1, (1, 1)), (2, 1, 1, 25088, 17, *SHAPES[0][5:])]
)
def test_long_sums_keep_their_error_small(steps, rng, isa, draw, bound, shape):
    numbers = {"normal": rng.standard_normal, "uniform": lambda s: rng.uniform(0.1, 1, s)}[draw]
    x, w, fields, rows, exact = problem(steps, shape, lambda s: numbers(s).astype(np.float32))
    y = steps.run(
        "conv",
        steps.images(np.zeros(exact.shape, np.float32)),
        steps.images(x),
        steps.fixed(steps.panel(w)),
        isa=isa,
        **fields,
    )
    size = np.einsum("rgk,kgo->rgo", abs(rows), abs(w.reshape(-1, 1, w.shape[-1]).astype(float))).reshape(exact.shape)
    assert (abs(y - exact) <= bound * U * size).all()


def test_a_long_weight_gradient_keeps_its_error_small(steps, rng, isa):
    shape = (3, 37, 61, 3, 5, (3, 3), (1, 1), (1, 1), (1, 1), 1, (1, 1))
    x, w, fields, rows, y = problem(steps, shape, lambda s: rng.uniform(0.1, 1, s).astype(np.float32))
    dy = rng.uniform(0.1, 1, y.shape).astype(np.float32)
    exact = np.einsum("rgk,rgo->kgo", rows, dy.reshape(len(rows), 1, -1)).reshape(w.shape)
    dw = np.zeros(steps.panel(w).size, np.float32)
    steps.run(
        "conv_dw", steps.fixed(dw), steps.images(x), steps.images(dy), isa=isa, chunks=1, chunk_rows=len(rows), **fields
    )
    assert (abs(steps.unpanel(dw, w.shape) - exact) <= 32 * U * exact).all()


@pytest.mark.parametrize("channels", [3, 17, 48])
def test_epilogue_adds_bias_residual_and_scale_of_each_image_then_clips(steps, rng, isa, threads, channels):
    shape = (3, 5, 7, 4, channels, (3, 3), (1, 1), (1, 1), (1, 1), 1, (1, 1))
    x, w, fields, _, y = problem(steps, shape, integers(rng))
    bias, residual, scale = (integers(rng)(s) for s in ((channels,), y.shape, (3, channels)))
    words = steps.code(("add", 0, 32, 33), ("mul", 0, 0, 35), ("add", 0, 0, 34), ("max", 31, 0, 64), constants=[0])
    operands = [
        steps.images(np.full(y.shape, np.nan, np.float32)),
        steps.images(x),
        steps.fixed(steps.panel(w)),
        steps.fixed(words),
        steps.fixed(bias, strides=(0, 0, 1, 0, 0)),
        steps.images(residual, strides=(7 * channels, channels, 1, 0, 0)),
        steps.images(scale, strides=(0, 0, 1, 0, 0)),
    ]
    got = steps.run("conv", *operands, isa=isa, threads=threads, words=words.size, inputs=4, **fields)
    assert np.array_equal(got, np.maximum((y + bias) * scale[:, None, None] + residual, 0))


def test_epilogue_operand_that_varies_along_the_height_alone(steps, rng, isa):
    x, w, fields, _, y = problem(steps, (2, 4, 5, 3, 33, (1, 1), *SHAPES[0][6:]), integers(rng))
    line, words = integers(rng)((4,)), steps.code(("add", 31, 32, 33))
    operands = [
        steps.images(np.zeros(y.shape, np.float32)),
        steps.images(x),
        steps.fixed(steps.panel(w)),
        steps.fixed(words),
    ]
    got = steps.run(
        "conv", *operands, steps.fixed(line, strides=(1, 0, 0, 0, 0)), isa=isa, words=words.size, inputs=2, **fields
    )
    assert np.array_equal(got, y + line[:, None, None])


def test_nan_and_infinity_stay_in_their_image(steps, rng, isa):
    x, w, fields, _, y = problem(steps, (3, 5, 5, 3, 17, (3, 3), (1, 1), (1, 1), (1, 1), 1, (1, 1)), integers(rng))
    x[1, 2, 2, 0], x[2, 2, 2, 0] = np.nan, np.inf
    got = steps.run(
        "conv",
        steps.images(np.zeros(y.shape, np.float32)),
        steps.images(x),
        steps.fixed(steps.panel(w)),
        isa=isa,
        **fields,
    )
    assert np.array_equal(got[0], y[0])
    assert np.isnan(got[1, 2, 2]).all()


def test_threads_and_batch_leave_bits_alone(steps, rng, isa):
    shape = (16, 9, 9, 24, 40, (3, 3), (1, 1), (1, 1), (1, 1), 1, (1, 1))
    x, w, fields, _, y = problem(steps, shape, lambda s: rng.standard_normal(s).astype(np.float32))

    def conv(images, threads):
        out = np.zeros((len(images), *y.shape[1:]), np.float32)
        return steps.run(
            "conv",
            steps.images(out),
            steps.images(images),
            steps.fixed(steps.panel(w)),
            isa=isa,
            threads=threads,
            **fields,
        )

    whole = conv(x, 1)
    assert all(np.array_equal(whole, conv(x, t)) for t in (2, 3, 7))
    assert np.array_equal(whole, np.concatenate([conv(x[i : i + 1], 2) for i in range(16)]))
