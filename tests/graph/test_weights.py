"""What a set of weights takes, and what it refuses with a code."""

import copy
import pickle

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.graph.weights import Weights


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (np.zeros(3), "N702"),
        (1.0, "N702"),
        (["a", "b"], "N703"),
        ([1j, 2j], "N703"),
        (None, "N703"),
        ([1, [2]], "N703"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(given, code):
    weights = Weights({"b": [1, 2]})
    with pytest.raises(NetError) as error:
        weights["b"] = given
    assert error.value.code == code
    assert weights["b"].tolist() == [1, 2]


def test_words_are_no_tensor():
    with pytest.raises(NetError) as error:
        Weights({"b": "x"})
    assert error.value.code == "N703"


def test_numbers_of_any_type_are_taken_as_float32():
    weights = Weights({"b": np.arange(2, dtype=">i4")})
    weights["b"] = np.array([0.5, True])
    assert weights["b"].tolist() == [0.5, 1.0]
    assert weights["b"].dtype == np.float32


def test_a_tensor_that_is_not_there_is_refused():
    with pytest.raises(NetError) as error:
        Weights({})["b"] = 1
    assert error.value.code == "N701"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda weights: pickle.loads(pickle.dumps(weights))])
def test_a_copy_has_tensors_of_its_own(copied):
    weights = Weights({"b": [1, 2]})
    made = copied(weights)
    weights["b"] = [3, 4]
    assert made["b"].tolist() == [1, 2]


class Reversed:
    """A form that is no canonical one: the numbers backwards, and a 0 behind them."""

    canonical = False

    def length(self, shape):
        return int(np.prod(shape)) + 1

    def pack(self, array, out):
        out[:-1] = array.reshape(-1)[::-1]

    def unpack(self, form, out):
        out[...] = form[-2::-1].reshape(out.shape)


class Plain:
    canonical = True


REVERSED = Reversed()


def memory(weights):
    """Elements that a tensor `b` takes, in all its forms."""
    return sum(array.size for array in weights._tensors["b"].arrays.values())


def test_the_canonical_form_is_given_up_once_another_is_made():
    weights = Weights({"b": [1, 2, 3]})
    assert weights.form("b", REVERSED).tolist() == [3, 2, 1, 0]
    assert memory(weights) == 4
    assert weights["b"].tolist() == [1, 2, 3]
    assert memory(weights) == 4


def test_a_form_that_a_program_asked_for_stays_in_its_place():
    weights = Weights({"b": [1, 2, 3]})
    plain, back = weights.form("b", Plain()), weights.form("b", REVERSED)
    weights["b"] = [4, 5, 6]
    assert plain is weights.form("b", Plain()) and plain.tolist() == [4, 5, 6]
    assert back is weights.form("b", REVERSED) and back.tolist() == [6, 5, 4, 0]


def test_what_a_program_wrote_in_one_form_is_read_in_the_other():
    weights = Weights({"b": [1, 2, 3]})
    plain, back = weights.form("b", Plain()), weights.form("b", REVERSED)
    back[0] = 9
    weights.wrote("b", REVERSED)
    assert weights["b"].tolist() == weights.form("b", Plain()).tolist() == plain.tolist() == [1, 2, 9]
    plain[0] = 7
    weights.wrote("b", Plain())
    assert weights.form("b", REVERSED).tolist() == [9, 2, 7, 0]


def test_a_tensor_is_drawn_when_it_is_read_and_once():
    weights, calls = Weights(), []
    weights.declare("b", (2,), lambda: calls.append(1) or np.ones(2, np.float32))
    assert weights.shape("b") == (2,) and "b" in weights and not calls
    assert weights.form("b", REVERSED).tolist() == [1, 1, 0]
    assert weights["b"].tolist() == [1, 1] and calls == [1]


def test_a_tensor_that_nobody_draws_is_0_and_takes_numbers():
    weights = Weights()
    weights.declare("b", (2,))
    assert weights.form("b", REVERSED).tolist() == [0, 0, 0]
    assert weights["b"].tolist() == [0, 0]
    weights["b"] = [1, 2]
    assert weights.form("b", REVERSED).tolist() == [2, 1, 0]


def test_numbers_set_before_the_first_reading_are_not_drawn_over():
    weights = Weights()
    weights.declare("b", (2,), lambda: np.ones(2, np.float32))
    weights["b"] = [5, 6]
    assert weights["b"].tolist() == [5, 6]
