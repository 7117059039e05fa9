"""conv_winograd that pools its tiles: the bits of the two steps apart, and what of it is refused."""

import numpy as np
import pytest

from netdsl import core

N, C, FORMS = 3, 16, (0, 1, 2, 3)


def operands(steps, rng, y, x, w, form):
    """Those of a step; `form`: fused, staged, or staged with fresh weights of one or the other kind."""
    tiles = N * -(-x.shape[1] // 4) * -(-x.shape[2] // 4)
    points = steps.fixed(np.zeros(36 * ((tiles + 3) * (C + y.shape[3]) + 96), np.float32)[: size(tiles, y, form)])
    weight = steps.fixed(steps.panel(w) if form > 1 else w)
    return [steps.images(y), steps.images(x), weight, None, None, None, None, points if form else None]


def size(tiles, y, form):
    return 36 * -(-tiles // 4) * 4 * C if form == 3 else 36 * (tiles * (C + y.shape[3]) + 96)


def fields_of(steps, x, out, form, **more):
    window = steps.geometry(x, (*x.shape[1:3], out), kernel=(3, 3), pad=(1, 1))
    return window | {"tile": 4, "staged": int(form > 0), "fresh": max(0, form - 1)} | more


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("shape", "out"), [((7, 9), 18), ((4, 4), 1), ((13, 6), 33), ((2, 3), 16)])
def test_it_has_the_bits_of_a_convolution_and_a_pool_and_nan_wins(steps, rng, isa, threads, form, shape, out):
    x = rng.standard_normal((N, *shape, C)).astype(np.float32)
    x[1, 0, 1, 2] = np.nan
    w = rng.standard_normal((3, 3, C, out) if form > 1 else 36 * -(-out // 16) * C * 16).astype(np.float32)
    bias = steps.fixed(rng.standard_normal(out).astype(np.float32), strides=(0, 0, 1, 0, 0))
    words = steps.code(("add", 0, 32, 33), ("max", 31, 0, 64), constants=[0])
    high, wide = shape[0] // 2, shape[1] // 2
    whole, parts, found = (np.full((N, *s, out), 7, np.float32) for s in (shape, (high, wide), (high, wide)))

    apart = operands(steps, rng, whole, x, w, form)
    apart[3:5] = steps.fixed(words), bias
    ends = {"words": words.size, "inputs": 2}
    steps.run("conv_winograd", *apart, isa=isa, threads=threads, **fields_of(steps, x, out, form, **ends))
    window = steps.geometry(whole, parts.shape[1:], kernel=(2, 2), stride=(2, 2))
    steps.run("pool_max", steps.images(parts), steps.images(whole), isa=isa, threads=threads, **window)

    pooled = operands(steps, rng, found, x, w, form)
    pooled[4] = bias
    ends = {"pool": 1, "relu": 1, "inputs": 2}
    steps.run("conv_winograd", *pooled, isa=isa, threads=threads, **fields_of(steps, x, out, form, **ends))
    assert found.tobytes() == parts.tobytes()
    assert np.isnan(found[1]).any() and not np.isnan(found[[0, 2]]).any()


@pytest.mark.parametrize(
    ("shape", "changes", "reason"),
    [
        ((8, 8), {}, None),
        ((8, 8), {"pool": 2}, "`pool` is neither 0 nor 1"),
        ((8, 8), {"pool": 0}, "wrong distance between images"),
        ((8, 8), {"relu": 2}, "`relu` is neither 0 nor 1"),
        ((8, 8), {"inputs": 0}, "`inputs` is neither 1 nor 2"),
        ((8, 8), {"inputs": 3}, "`inputs` is neither 1 nor 2"),
        ((8, 8), {"inputs": 2}, "lies in no buffer"),
        ((8, 8), {"words": 7}, "a convolution that is pooled has no expression"),
        ((1, 8), {}, "no window to pool"),
        ((8, 1), {}, "no window to pool"),
        ((9, 9), {"x0_pitch": 17}, "wrong distance between images"),
    ],
)
def test_what_does_not_fit_is_refused(steps, rng, shape, changes, reason):
    x, w = np.zeros((N, *shape, C), np.float32), np.zeros(36 * C * 16, np.float32)
    y = np.zeros((N, max(1, shape[0] // 2), max(1, shape[1] // 2), 16), np.float32)
    fields = fields_of(steps, x, 16, 0, pool=1, relu=1, inputs=1) | changes
    row, sizes = steps.record("conv_winograd", operands(steps, rng, y, x, w, 0), core.isas()[0], fields)
    if reason is None:
        core.Engine(row[None], sizes, N)
        return
    with pytest.raises(ValueError, match=reason):
        core.Engine(row[None], sizes, N)
