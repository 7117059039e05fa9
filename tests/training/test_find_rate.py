"""The range test finds where a loss falls most steeply."""

import pytest

from netdsl.training.find_rate import FIRST, LAST, find_rate, steepest

from .conftest import TEXT, reference_programs, tiny_task


def test_the_steepest_fall_is_between_the_highest_and_the_lowest_loss():
    assert steepest([1e-3, 1e-2, 1e-1, 1.0], [5.0, 4.9, 1.0, 2.0]) == 1e-2
    assert steepest([1e-3, 1e-2, 1e-1, 1.0], [5.0, 4.9, 4.8, 1.0]) == 1e-1


@pytest.mark.parametrize("losses", [[1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [1.0, 0.5], []])
def test_a_loss_that_never_falls_proposes_nothing(losses):
    assert steepest([0.1, 0.2, 0.3][: len(losses)], losses) is None


def test_rates_rise_by_one_factor_from_the_first_to_where_it_fails(task):
    found = find_rate(task, reference_programs(task), steps=30)
    assert found.rates[0] == FIRST
    assert found.rates[1] / found.rates[0] == pytest.approx((LAST / FIRST) ** (1 / 29))
    assert len(found.rates) == len(found.losses)
    assert FIRST < found.best < LAST


def test_a_loss_that_explodes_ends_the_test():
    task = tiny_task(TEXT.replace("| rescale", "| rescale(1000)"))
    found = find_rate(task, reference_programs(task), steps=30)
    assert len(found.rates) < 30
    assert max(found.losses) <= 4 * min(found.losses) or found.losses[0] == max(found.losses)


def test_accumulation_does_not_hold_an_update_back():
    task = tiny_task(TEXT.replace("train Tiny {", "train Tiny {\n  accumulate 3"))
    assert find_rate(task, reference_programs(task), steps=30).best
