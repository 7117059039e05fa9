"""A record with a field changed at random is refused, or runs inside its buffers (what AddressSanitizer watches)."""

import numpy as np
import pytest

from netdsl import core

FIELDS = {name: i for i, name in enumerate(core.field_names())}
NUMBERS = [-(2**62), -1, 0, 1, 2, 3, 5, 7, 16, 17, 100, 2**20, 2**31, 2**40, 2**62]


def plans(steps, isa):
    """A small valid step of several kinds: record, sizes, arrays."""
    x, y, w = (np.zeros(s, np.float32) for s in ((2, 5, 6, 3), (2, 5, 6, 4), (3, 3, 3, 4)))
    window = steps.geometry(x, (5, 6, 4), kernel=(3, 3), pad=(1, 1))
    words = steps.code(("add", 0, 32, 33), ("max", 31, 0, 64), constants=[0])
    flat, sizes = (
        steps.images(y.copy(), strides=(24, 4, 1)),
        {"size0": 1, "size1": 1, "size2": 5, "size3": 6, "size4": 4},
    )
    bias = steps.fixed(np.zeros(4, np.float32), strides=(0, 0, 1, 0, 0))
    conv = [steps.images(y), steps.images(x), steps.fixed(steps.panel(w)), steps.fixed(words), bias]
    pool = steps.geometry(x, (2, 3, 3), kernel=(2, 2), stride=(2, 2))
    small, total = np.zeros((2, 2, 3, 3), np.float32), steps.fixed(np.zeros(4, np.float32), strides=(0, 0, 1))
    dw = [steps.fixed(steps.panel(w)), steps.images(x), steps.images(y), steps.fixed(np.zeros(2 * 27 * 16, np.float32))]
    yield "conv", conv, window | {"words": words.size, "inputs": 2}
    yield "conv_dw", dw, window | {"chunks": 2, "chunk_rows": 30}
    yield "pool_max", [steps.images(small), steps.images(x)], pool
    wide, thin = np.zeros((2, 5, 6, 9), np.float32), np.zeros((2, 2, 3, 8), np.float32)
    pitched = [steps.images(wide.copy(), shift=5), steps.images(wide, shift=6), *conv[2:]]
    yield "conv", pitched, window | {"words": words.size, "inputs": 2, "x0_pitch": 9, "x1_pitch": 9}
    pitched = [dw[0], steps.images(wide, shift=6), steps.images(wide, shift=5), dw[3]]
    yield "conv_dw", pitched, window | {"chunks": 2, "chunk_rows": 30, "x1_pitch": 9, "x2_pitch": 9}
    pitched = [steps.images(wide.copy(), shift=1), steps.images(wide, shift=6), steps.images(thin, shift=5)]
    yield "pool_max_dx", pitched, pool | {"x0_pitch": 9, "x1_pitch": 9, "x2_pitch": 8}
    yield "pool_max_dx", [steps.images(x.copy()), steps.images(x), steps.images(small)], pool
    yield "pool_sum_dx", [steps.images(x.copy()), steps.images(small)], pool
    yield "map", [flat, steps.fixed(words), flat, flat], sizes | {"words": words.size, "inputs": 2}
    yield "reduce", [total, flat, steps.fixed(np.zeros(8, np.float32))], sizes | {"chunks": 2, "chunk_rows": 30}
    yield "copy", [flat, steps.images(y, strides=(24, 4, 1))], sizes
    yield "softmax", [steps.images(y.copy()), steps.images(y)], {"rows": 30, "columns": 4}
    yield "lrn_sum", [steps.images(y.copy()), steps.images(y)], {"rows": 30, "columns": 4, "before": 2, "after": 2}


@pytest.mark.parametrize("seed", range(10))
def test_a_changed_record_is_refused_or_runs_inside_its_buffers(steps, isa, seed):
    rng, refused = np.random.default_rng(seed), 0
    for kernel, operands, fields in plans(steps, isa):
        row, sizes = steps.record(kernel, operands, isa, fields)
        for _ in range(60):
            changed = row.copy()
            for field in rng.integers(1, len(row), rng.integers(1, 3)):
                changed[field] = rng.choice(NUMBERS)
            try:
                core.Engine(changed[None], sizes, 2).run([o.array for o in operands], 2, 1)
            except ValueError:
                refused += 1
    assert refused > 100
