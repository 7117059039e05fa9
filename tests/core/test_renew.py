"""Records that take the place of others are proven like the first ones, and expressions lie where no step writes."""

import numpy as np
import pytest

from netdsl import core

FIELDS = {name: i for i, name in enumerate(core.field_names())}


@pytest.fixture
def conv(steps, isa):
    """A convolution of two images with an engine for it: record, operands, engine."""
    x, w = np.random.default_rng(0).normal(size=(2, 9, 8, 40)).astype(np.float32), np.ones((3, 3, 40, 33), np.float32)
    fields = steps.geometry(x, (9, 8, 33), kernel=(3, 3), pad=(1, 1))
    operands = [steps.images(np.zeros((2, 9, 8, 33), np.float32)), steps.images(x), steps.fixed(steps.panel(w))]
    row, sizes = steps.record("conv", operands, isa, fields)
    return row, operands, core.Engine(row[None], sizes, 2)


def run(conv) -> bytes:
    _, operands, engine = conv
    engine.run([o.array for o in operands], 2, 2)
    return operands[0].array.tobytes()


def test_new_records_run_from_the_next_run_on(conv):
    row, operands, engine = conv
    first = run(conv)
    other = row.copy()
    other[FIELDS["task_rows"]], other[FIELDS["task_panels"]] = 7, 1
    operands[0].array[...] = 0
    engine.renew(other[None])
    assert run(conv) == first


@pytest.mark.parametrize("field", ["in_h", "kernel", "x0_buffer", "task_rows"])
def test_records_that_are_not_sound_leave_the_old_ones(conv, field):
    row, _, engine = conv
    first = run(conv)
    other = row.copy()
    other[FIELDS[field]] = -5
    with pytest.raises(ValueError, match="step 0"):
        engine.renew(other[None])
    assert run(conv) == first


def test_another_number_of_records_is_refused(conv):
    row, _, engine = conv
    with pytest.raises(ValueError, match="1 records"):
        engine.renew(np.stack([row, row]))


def test_words_that_a_step_could_write_are_refused(steps, isa):
    words = steps.code(("add", 31, 32, 64), constants=[1])
    y, x = (steps.fixed(np.zeros(30, np.float32), strides=(0, 0, 0, 0, 1)) for _ in range(2))
    sizes = {f"size{i}": n for i, n in enumerate((1, 1, 1, 1, 30))}
    operands = [y, steps.fixed(words), x]
    row, extents = steps.record("map", operands, isa, sizes | {"words": words.size, "inputs": 1})
    core.Engine(row[None], extents, 2)
    row[FIELDS["x1_buffer"]] = row[FIELDS["x0_buffer"]]
    with pytest.raises(ValueError, match="lie where a step writes"):
        core.Engine(row[None], extents, 2)
