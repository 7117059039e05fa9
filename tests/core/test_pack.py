"""pack_panel, unpack_panel and pack_flip."""

import numpy as np
import pytest

WEIGHTS = [
    ((1, 1, 1, 1), 1),
    ((3, 2, 5, 17), 1),
    ((3, 3, 4, 66), 2),
    ((5, 5, 16, 32), 1),
    ((1, 1, 33, 10), 1),
    ((3, 3, 1, 17), 17),
]


def weight(rng, shape, groups):
    names = {"kernel_h": shape[0], "kernel_w": shape[1], "in_c": shape[2] * groups, "out_c": shape[3], "groups": groups}
    names |= {"kernel_d": 1, "stride_d": 1, "stride_h": 1, "stride_w": 1}
    return rng.standard_normal(shape).astype(np.float32), names


@pytest.mark.parametrize(("shape", "groups"), WEIGHTS)
def test_pack_panel_fills_lanes_past_the_end_with_0(steps, rng, isa, threads, shape, groups):
    w, fields = weight(rng, shape, groups)
    expected = steps.panel(w, groups)
    got = np.full(expected.size, np.nan, np.float32)
    steps.run("pack_panel", steps.fixed(got), steps.fixed(w), isa=isa, threads=threads, **fields)
    assert np.array_equal(got, expected)


@pytest.mark.parametrize(("shape", "groups"), WEIGHTS)
def test_unpack_panel_undoes_pack_panel(steps, rng, isa, shape, groups):
    w, fields = weight(rng, shape, groups)
    got = np.full(shape, np.nan, np.float32)
    assert np.array_equal(
        steps.run("unpack_panel", steps.fixed(got), steps.fixed(steps.panel(w, groups)), isa=isa, **fields), w
    )


@pytest.mark.parametrize("step", [(1, 1), (2, 3)])
@pytest.mark.parametrize(("shape", "groups"), WEIGHTS)
def test_pack_flip_turns_the_kernel_and_exchanges_inputs_and_outputs(steps, rng, isa, shape, groups, step):
    w, fields = weight(rng, shape, groups)
    fields |= {"stride_h": step[0], "stride_w": step[1]}
    split = w[::-1, ::-1].reshape(*shape[:3], groups, -1)
    turned = split.transpose(0, 1, 4, 3, 2).reshape(shape[0], shape[1], shape[3] // groups, groups * shape[2])
    expected = steps.panel(steps.ordered(turned, step), groups)
    got = np.full(expected.size, np.nan, np.float32)
    assert np.array_equal(
        steps.run("pack_flip", steps.fixed(got), steps.fixed(steps.panel(w, groups)), isa=isa, **fields), expected
    )
