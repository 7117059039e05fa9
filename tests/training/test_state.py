"""The state of the loop, as a checkpoint keeps it."""

from math import inf, isnan, nan

import pytest

from netdsl.training.keeping.state import State, state_of
from netdsl.training.scores.metric import Score
from netdsl.training.scores.progress import Epoch


def test_every_number_keeps_its_bits():
    tally = {"loss": 0.1 + 0.2, "hits": {"top1": 5}}
    state = State(epoch=2, step=7, images=12, halved=[3], tally=tally, course={"stop": {"best": inf}})
    assert state_of(state.to_text()) == state


def test_epochs_come_back_as_they_were():
    state = State(step=4, images=16)
    state.close(Epoch(1, 4, Score(0.5, {"top1": 0.25}, 16, {"recall": [0.5, None]}), Score(inf, {"top1": 1.0}, 2)))
    assert state_of(state.to_text()).epochs == state.epochs
    assert (state.epoch, state.step, state.images) == (2, 4, 0)


def test_a_score_of_nothing_stays_nan():
    state = State(epochs=[Epoch(1, 4, Score(nan, {}, 0), None)])
    assert isnan(state_of(state.to_text()).epochs[0].train.loss)


def test_each_rollback_halves_the_steps_from_there_on():
    assert [State(halved=[5, 5, 9]).rate(step) for step in (4, 5, 9)] == [1, 0.25, 0.125]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}x", '{"epoch": "1"}', '{"step": -1}', '{"tally": 1}', '{"stopped": 1}', '{"what": 1}']
)
def test_another_text_is_refused(text):
    with pytest.raises((ValueError, TypeError, KeyError)):
        state_of(text)
