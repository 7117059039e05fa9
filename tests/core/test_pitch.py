"""Kernels on channels of a wider image: the bits of the dense image, and nothing beside them is written."""

import numpy as np
import pytest

from netdsl import core

N, H, W, C, OUTPUTS = 3, 9, 11, 5, 18
BEFORE, AFTER = 3, 4


class Wide:
    """Dense images, or the same as a stretch of the channels of wider ones, whose other channels are NaN."""

    def __init__(self, steps, pitched):
        self.steps, self.pitched, self.fields = steps, pitched, {}

    def operand(self, position, array):
        if not self.pitched:
            return self.steps.images(array)
        wide = np.full((*array.shape[:-1], BEFORE + array.shape[-1] + AFTER), np.nan, np.float32)
        wide[..., BEFORE:-AFTER] = array
        self.fields[f"x{position}_pitch"] = wide.shape[-1]
        return self.steps.images(wide, shift=BEFORE)

    def result(self, y):
        if not self.pitched:
            return y
        assert np.isnan(y[..., :BEFORE]).all() and np.isnan(y[..., -AFTER:]).all()
        return y[..., BEFORE:-AFTER]


def conv(steps, rng, wide, run, *, x, w, out, **window):
    words = steps.code(("add", 0, 32, 33), ("max", 31, 0, 64), constants=[0])
    bias = steps.fixed(rng.standard_normal(out[-1]).astype(np.float32), strides=(0, 0, 1, 0, 0))
    y, image = wide.operand(0, np.zeros((N, *out), np.float32)), wide.operand(1, x)
    fields = steps.geometry(x, out, kernel=w.shape[:2], **window) | {"words": words.size, "inputs": 2}
    return run("conv", y, image, steps.fixed(steps.panel(w)), steps.fixed(words), bias, **fields)


def conv_3x3(steps, rng, wide, run):
    x, w = (rng.standard_normal(s).astype(np.float32) for s in ((N, H, W, C), (3, 3, C, OUTPUTS)))
    return conv(steps, rng, wide, run, x=x, w=w, out=(5, 6, OUTPUTS), stride=(2, 2), pad=(1, 1))


def conv_1x1(steps, rng, wide, run):
    x, w = (rng.standard_normal(s).astype(np.float32) for s in ((N, H, W, C), (1, 1, C, OUTPUTS)))
    return conv(steps, rng, wide, run, x=x, w=w, out=(H, W, OUTPUTS))


def conv_of_one_channel(steps, rng, wide, run):
    x, w = (rng.standard_normal(s).astype(np.float32) for s in ((N, H, W, 1), (3, 3, 1, OUTPUTS)))
    return conv(steps, rng, wide, run, x=x, w=w, out=(H, W, OUTPUTS), pad=(1, 1))


def conv_winograd(steps, rng, wide, run):
    x, w = (rng.standard_normal(s).astype(np.float32) for s in ((N, H, W, 16), (36 * 2 * 16 * 16,)))
    y, image = wide.operand(0, np.zeros((N, H, W, OUTPUTS), np.float32)), wide.operand(1, x)
    fields = steps.geometry(x, (H, W, OUTPUTS), kernel=(3, 3), pad=(1, 1)) | {"tile": 4}
    return run("conv_winograd", y, image, steps.fixed(w), **fields)


def conv_winograd_pooled(steps, rng, wide, run):
    x, w = (rng.standard_normal(s).astype(np.float32) for s in ((N, H, W, 16), (36 * 2 * 16 * 16,)))
    y, image = wide.operand(0, np.zeros((N, H // 2, W // 2, OUTPUTS), np.float32)), wide.operand(1, x)
    fields = steps.geometry(x, (H, W, OUTPUTS), kernel=(3, 3), pad=(1, 1)) | {"tile": 4, "pool": 1}
    fields |= {"relu": 1, "inputs": 1}
    return run("conv_winograd", y, image, steps.fixed(w), **fields)


def conv_dw(steps, rng, wide, run):
    x, dy = (rng.standard_normal(s).astype(np.float32) for s in ((N, H, W, C), (N, 5, 6, OUTPUTS)))
    fields = steps.geometry(x, (5, 6, OUTPUTS), kernel=(3, 3), stride=(2, 2), pad=(1, 1)) | {
        "chunks": 1,
        "chunk_rows": 90,
    }
    dw = steps.fixed(np.zeros(2 * 9 * C * 16, np.float32))
    return run("conv_dw", dw, wide.operand(1, x), wide.operand(2, dy), **fields)


def conv_dw_winograd(steps, rng, wide, run):
    x, dy = (rng.standard_normal(s).astype(np.float32) for s in ((N, H, W, C), (N, H, W, OUTPUTS)))
    fields = steps.geometry(x, (H, W, OUTPUTS), kernel=(3, 3), pad=(1, 1)) | {"chunks": 1, "chunk_rows": 27}
    dw = steps.fixed(np.zeros(2 * 9 * C * 16, np.float32))
    return run("conv_dw_winograd", dw, wide.operand(1, x), wide.operand(2, dy), **fields)


def pool(kernel, *shapes, **more):
    def case(steps, rng, wide, run):
        arrays = [rng.integers(-9, 9, (N, *s, OUTPUTS)).astype(np.float32) for s in shapes]
        window = steps.geometry(np.zeros((N, H, W, OUTPUTS)), (5, 6, OUTPUTS), kernel=(3, 3), stride=(2, 2), pad=(1, 1))
        return run(kernel, *(wide.operand(i, a) for i, a in enumerate(arrays)), **window, **more)

    case.__name__ = kernel
    return case


def moments(steps, rng, wide, run):
    x, parts = rng.standard_normal((N, H, W, OUTPUTS)).astype(np.float32), np.zeros(N * 3 * OUTPUTS, np.float32)
    mean, var = (steps.fixed(np.zeros(OUTPUTS, np.float32)) for _ in range(2))
    fields = {"rows": H * W, "columns": OUTPUTS, "chunks": 1, "chunk_rows": H * W}
    run("moments", mean, var, wide.operand(2, x), steps.fixed(parts), **fields)
    return np.stack([mean.array, var.array])


IN, OUT = (H, W), (5, 6)
POOLS = [
    pool("pool_max", OUT, IN),
    pool("pool_sum", OUT, IN),
    pool("pool_max_dx", IN, IN, OUT),
    pool("pool_sum_dx", IN, OUT),
    pool("resample", OUT, IN, rule=1),
    pool("resample_dx", IN, OUT, rule=1),
]


@pytest.mark.parametrize(
    "case",
    [
        *(conv_3x3, conv_1x1, conv_of_one_channel, conv_winograd, conv_winograd_pooled, conv_dw, conv_dw_winograd),
        *(moments, *POOLS),
    ],
    ids=lambda case: case.__name__,
)
def test_channels_of_a_wider_image_give_the_same_bits(steps, isa, threads, case):
    results = []
    for pitched in (False, True):
        wide = Wide(steps, pitched)

        def run(kernel, *operands, wide=wide, **fields):
            y = steps.run(kernel, *operands, isa=isa, threads=threads, **fields, **wide.fields)
            return wide.result(y) if "x0_pitch" in wide.fields else y

        results.append(case(steps, np.random.default_rng(3), wide, run))
    assert np.array_equal(*results) and np.any(results[0])


@pytest.mark.parametrize(("pitch", "reason"), [(3, "pitch is out of range"), (5, "wrong distance"), (2**40, "pitch")])
def test_a_pitch_that_does_not_fit_is_refused(steps, pitch, reason):
    x, y = np.zeros((2, 4, 4, 4), np.float32), np.zeros((2, 2, 2, 4), np.float32)
    fields = steps.geometry(x, y.shape[1:], kernel=(2, 2), stride=(2, 2)) | {"x1_pitch": pitch}
    row, sizes = steps.record("pool_max", [steps.images(y), steps.images(x)], core.isas()[0], fields)
    with pytest.raises(ValueError, match=reason):
        core.Engine(row[None], sizes, 2)
