"""The step size in the course of a training, worked by hand."""

import pytest

from netdsl.training.schedule import Constant, Cosine


def factors(schedule, *, steps=8, epoch_steps=2):
    return [schedule.factor(step, steps=steps, epoch_steps=epoch_steps) for step in range(1, steps + 1)]


def test_constant_is_one_throughout():
    assert factors(Constant()) == [1.0] * 8


def test_cosine_falls_from_one_through_a_half():
    found = factors(Cosine())
    assert (found[0], found[4]) == (1.0, pytest.approx(0.5))
    assert found == sorted(found, reverse=True)
    assert found[-1] > 0


def test_warmup_rises_linearly_and_then_cosine_falls():
    found = factors(Cosine(warmup=2))
    assert found[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert found[6] == pytest.approx(0.5)


def test_a_warmup_longer_than_the_training_only_rises():
    assert factors(Cosine(warmup=9), steps=2) == [0.5, 1.0]
