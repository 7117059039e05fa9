"""What each step binds, and what an epoch's scores lead to."""

import json

import pytest

from netdsl.errors import NetError
from netdsl.training.block.settings import Settings
from netdsl.training.block.stop import Early
from netdsl.training.course import Course
from netdsl.training.optimise.optimiser import Adagrad, Adam, Sgd
from netdsl.training.optimise.optimiser.base import CYCLED
from netdsl.training.optimise.schedule import Cosine, OneCycle, Plateau
from netdsl.training.scores.watch import Watch

NAN = float("nan")


def course(*, steps=100, epoch_steps=5, **settings):
    return Course(Settings(**settings), steps=steps, epoch_steps=epoch_steps)


def test_a_plateau_lowers_the_rate_after_two_epochs_without_a_gain():
    found = course(schedule=Plateau(gamma=0.5, patience=2))
    rates = []
    for loss in (1.0, 0.5, 0.6, 0.5, 0.4, 0.45, 0.41):
        rates.append(found.scalars(1)["lr"])
        found.finished({"val_loss": loss})
    assert rates == [0.01, 0.01, 0.01, 0.01, 0.005, 0.005, 0.005]
    assert found.scalars(1)["lr"] == 0.0025


def test_an_early_stop_waits_for_its_patience():
    found = course(stop=Early(patience=2))
    assert [found.finished({"val_loss": loss}) for loss in (1.0, 1.1, 0.9, 0.9, 0.95)] == [False] * 4 + [True]


def test_one_cycle_binds_the_momentum_of_each_step():
    found = course(schedule=OneCycle(rise=0.5), optimizer=Sgd(momentum=0.9))
    assert [found.scalars(step)[CYCLED] for step in (1, 51)] == pytest.approx([0.95, 0.85])
    adam = course(schedule=OneCycle(rise=0.5), optimizer=Adam()).scalars(51)
    assert adam["adam_fresh"] == pytest.approx(0.15) and adam["adam_mean"] == pytest.approx(1 / (1 - 0.85**51))


@pytest.mark.parametrize(
    ("schedule", "optimiser"),
    [(OneCycle(), Sgd()), (OneCycle(cycle_momentum=False), Adam()), (OneCycle(), Adagrad()), (Cosine(), Adam())],
)
def test_without_a_momentum_to_move_the_step_is_as_it_was(schedule, optimiser):
    assert Settings(schedule=schedule, optimizer=optimiser).stepping == optimiser
    assert not {CYCLED, "adam_fresh"} & set(course(schedule=schedule, optimizer=optimiser).scalars(1))


def test_what_is_kept_goes_on_as_if_nothing_had_happened():
    settings = {"schedule": Plateau(patience=2), "stop": Early(patience=3)}
    whole, first, second = (course(**settings) for _ in range(3))
    losses = [1.0, 1.1, 1.2, 0.9, 1.0]
    ends = [whole.finished({"val_loss": loss}) for loss in losses]
    found = [first.finished({"val_loss": loss}) for loss in losses[:2]]
    second.restore(json.loads(json.dumps(first.state())))
    found += [second.finished({"val_loss": loss}) for loss in losses[2:]]
    assert found == ends
    assert second.state() == whole.state()


def test_without_either_there_is_nothing_to_keep():
    assert course().state() == {}


def test_a_score_that_nobody_measures_is_refused():
    with pytest.raises(NetError) as caught:
        course(stop=Early(monitor="val_los")).check(("loss", "val_loss"))
    assert caught.value.code == "N507"
    assert "`stop` watches `val_los`" in str(caught.value)


def test_groups_of_two_batches_apply_at_their_end_and_at_that_of_the_epoch():
    found = [course(accumulate=2).scalars(step) for step in range(1, 8)]
    assert [s["apply"] for s in found] == [0, 1, 0, 1, 1, 0, 1]
    assert [s["share"] for s in found] == [0.5, 0.5, 0.5, 0.5, 1, 0.5, 0.5]


def test_adam_counts_updates_and_not_batches():
    found = course(accumulate=2, optimizer=Adam(beta1=0.5))
    assert [found.scalars(step)["adam_mean"] for step in (1, 2, 3, 5)] == [2, 2, 4 / 3, 8 / 7]
    assert [found.updates(step) for step in (1, 2, 5, 6, 7)] == [0, 1, 3, 3, 4]


def test_a_larger_accuracy_is_better_and_a_smaller_loss():
    assert not Watch("val_accuracy", 1, 0.0, best=0.5).lost_patience(0.6)
    assert Watch("val_accuracy", 1, 0.0, best=0.5).lost_patience(0.4)
    assert not Watch("val_loss", 1, 0.0, best=0.5).lost_patience(0.4)


def test_a_nan_is_never_better():
    watch = Watch("loss", 2, 0.0)
    assert [watch.lost_patience(value) for value in (NAN, 1.0, NAN, NAN)] == [False, False, False, True]
    assert watch.best == 1.0
