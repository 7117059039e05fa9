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
