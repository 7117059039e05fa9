"""The step size in the course of a training, worked by hand."""

import pytest

from netdsl.training.optimise.schedule import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    Inverse,
    MultiStep,
    OneCycle,
    Plateau,
    Poly,
    Schedule,
    Sigmoid,
    Step,
)


def factors(schedule, *, steps=8, epoch_steps=2):
    return [schedule.factor(step, steps=steps, epoch_steps=epoch_steps) for step in range(1, steps + 1)]


def test_constant_is_one_throughout():
    assert factors(Constant()) == [1.0] * 8


def test_step_falls_every_two_epochs():
    assert factors(Step(every=2, gamma=0.5)) == [1.0] * 4 + [0.5] * 4


def test_multistep_falls_after_one_and_after_three_epochs():
    assert factors(MultiStep((1, 3), gamma=0.5)) == [1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_exp_falls_by_its_factor_in_each_epoch():
    found = factors(Exponential(gamma=0.25))
    assert (found[0], found[1], found[2], found[4]) == (1.0, 0.5, 0.25, 0.0625)


def test_inverse_is_a_half_where_gamma_times_epochs_is_one():
    assert factors(Inverse(gamma=1.0, power=1.0))[::2] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert factors(Inverse(gamma=3.0, power=0.5))[2] == 0.5


def test_poly_falls_to_nearly_nothing_with_the_share_that_is_done():
    assert factors(Poly(power=1.0)) == [1 - t / 8 for t in range(8)]
    assert factors(Poly(power=2.0))[4] == 0.25


def test_sigmoid_is_a_half_after_its_epochs():
    found = factors(Sigmoid(at=2, gamma=3.0))
    assert found[4] == 0.5
    assert found[0] > 0.99 and found[-1] < 0.02
    assert factors(Sigmoid(at=0, gamma=1e300))[1] < 1e-300


def test_cosine_falls_from_one_through_a_half():
    found = factors(Cosine())
    assert (found[0], found[4]) == (1.0, pytest.approx(0.5))
    assert found == sorted(found, reverse=True)
    assert found[-1] > 0


def test_one_cycle_rises_to_one_and_falls_far_below_its_start():
    found = factors(OneCycle(rise=0.5, div=25, final=100), steps=100)
    assert (found[0], found[25], found[50]) == pytest.approx((0.04, 0.52, 1.0))
    assert found[-1] == pytest.approx(0.0004, abs=0.002)
    assert found[:51] == sorted(found[:51])


def test_one_cycle_moves_the_momentum_the_other_way():
    found = [OneCycle(rise=0.5).momentum(step, steps=100, epoch_steps=10) for step in range(1, 101)]
    assert (found[0], found[25], found[50]) == pytest.approx((0.95, 0.9, 0.85))
    assert found[75] == pytest.approx(0.9) and found[-1] == pytest.approx(0.95, abs=1e-3)


def test_one_cycle_alone_moves_the_momentum():
    assert [word for word, schedule in SCHEDULES.items() if schedule.cycles is not Schedule.cycles] == ["one_cycle"]
    assert not OneCycle(cycle_momentum=False).cycles


def test_warmup_rises_linearly_and_then_cosine_falls():
    found = factors(Cosine(warmup=2))
    assert found[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert found[6] == pytest.approx(0.5)


def test_a_warmup_longer_than_the_training_only_rises():
    assert factors(Cosine(warmup=9), steps=2) == [0.5, 1.0]


@pytest.mark.parametrize("word", SCHEDULES)
def test_every_schedule_warms_up(word):
    arguments = {"step": {"every": 5}, "multistep": {"at": (5.0,)}, "sigmoid": {"at": 5.0}}.get(word, {})
    cold, warm = (factors(SCHEDULES[word](**arguments, warmup=w))[0] for w in (0, 1))
    assert warm == pytest.approx(cold / 2)


def test_a_plateau_falls_as_often_as_patience_ran_out_and_no_further_than_its_least():
    assert [Plateau(gamma=0.5, least=0.2).fallen(k) for k in range(4)] == [1.0, 0.5, 0.25, 0.2]
