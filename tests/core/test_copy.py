"""copy: pad, slice, concat, permute."""

import numpy as np
import pytest


def axes(name, numbers, fill=1):
    return {f"{name}{i}": n for i, n in enumerate([fill] * (5 - len(numbers)) + list(numbers))}


def dense(shape):
    return tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))


@pytest.mark.parametrize("channels", [1, 3, 17, 33])
def test_pad_with_a_number(steps, rng, isa, threads, channels):
    x = rng.standard_normal((3, 5, 37, channels)).astype(np.float32)
    y = np.full((3, 8, 40, channels + 2), np.nan, np.float32)
    fields = axes("size", y.shape[1:]) | axes("inner", x.shape[1:]) | axes("begin", (1, 2, 1), 0) | {"fill": 7.5}
    operands = steps.images(y, strides=dense(y.shape[1:])), steps.images(x, strides=dense(x.shape[1:]))
    steps.run("copy", *operands, isa=isa, threads=threads, **fields)
    assert np.array_equal(y, np.pad(x, ((0, 0), (1, 2), (2, 1), (1, 1)), constant_values=7.5))


def test_a_negative_begin_crops(steps, rng, isa):
    x, y = rng.standard_normal((2, 6)).astype(np.float32), np.full((2, 4), np.nan, np.float32)
    fields = axes("size", (4,)) | axes("inner", (6,)) | axes("begin", (-1,), 0)
    steps.run("copy", steps.images(y, strides=(1,)), steps.images(x, strides=(1,)), isa=isa, **fields)
    assert np.array_equal(y, x[:, 1:5])


def test_slice(steps, rng, isa, threads):
    x, y = rng.standard_normal((3, 9, 8, 7)).astype(np.float32), np.zeros((3, 2, 5, 3), np.float32)
    operands = (
        steps.images(y, strides=dense(y.shape[1:])),
        steps.images(x, strides=dense(x.shape[1:]), shift=4 * 56 + 2 * 7 + 3),
    )
    steps.run("copy", *operands, isa=isa, threads=threads, **axes("size", y.shape[1:]))
    assert np.array_equal(y, x[:, 4:6, 2:7, 3:6])


def test_concat_writes_its_part_and_nothing_else(steps, rng, isa):
    x, y = rng.standard_normal((2, 5, 3)).astype(np.float32), np.zeros((2, 5, 9), np.float32)
    steps.run(
        "copy",
        steps.images(y, strides=(9, 1), shift=4),
        steps.images(x, strides=(3, 1)),
        isa=isa,
        **axes("size", (5, 3)),
    )
    assert np.array_equal(y[..., 4:7], x)
    assert not y[..., :4].any() and not y[..., 7:].any()


def test_permute(steps, rng, isa, threads):
    x, y = rng.standard_normal((3, 4, 5, 6)).astype(np.float32), np.zeros((3, 6, 4, 5), np.float32)
    operands = steps.images(y, strides=dense(y.shape[1:])), steps.images(x, strides=(1, 30, 6))
    steps.run("copy", *operands, isa=isa, threads=threads, **axes("size", y.shape[1:]))
    assert np.array_equal(y, x.transpose(0, 3, 1, 2))


def test_a_long_line_is_shared(steps, rng, isa, threads):
    x = rng.standard_normal(100_003).astype(np.float32)
    operands = steps.fixed(np.zeros_like(x), strides=(1,)), steps.fixed(x, strides=(1,))
    assert np.array_equal(steps.run("copy", *operands, isa=isa, threads=threads, **axes("size", x.shape)), x)
