"""Activations against numbers of their definitions."""

from __future__ import annotations

from math import e, erf, exp, log, sqrt, tanh

import numpy as np
import pytest

from netdsl.errors import Fault
from netdsl.layers.activation import NAMES, activate, resolve
from netdsl.layers.values import Applied, Word

AT = [-2.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", [-2, 0, 1]),
        ("relu", [0, 0, 1]),
        ("leaky_relu", [-0.02, 0, 1]),
        ("elu", [exp(-2) - 1, 0, 1]),
        ("selu", [1.0507009873554805 * 1.6732632423543772 * (exp(-2) - 1), 0, 1.0507009873554805]),
        ("gelu", [-(1 + erf(-sqrt(2))), 0, (1 + erf(1 / sqrt(2))) / 2]),
        ("sigmoid", [1 / (1 + exp(2)), 0.5, 1 / (1 + exp(-1))]),
        ("tanh", [tanh(-2), 0, tanh(1)]),
        ("scaled_tanh", [1.7159 * tanh(-4 / 3), 0, 1.7159 * tanh(2 / 3)]),
        ("softplus", [log(1 + exp(-2)), log(2), log(1 + e)]),
        ("swish", [-2 / (1 + exp(2)), 0, 1 / (1 + exp(-1))]),
        ("hard_swish", [-1 / 3, 0, 2 / 3]),
        ("relu6", [0, 0, 1]),
        ("abs", [2, 0, 1]),
        ("complement", [3, 1, 0]),
        ("softmax", [exp(n) / (exp(-2) + 1 + e) for n in AT]),
    ],
)
def test_formula(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(activate(Word(name), np.array([AT]))[0], expected, rtol=1e-14, atol=1e-16)


def test_every_activation_has_a_number_here() -> None:
    assert len(NAMES) == 16


@pytest.mark.parametrize("name", [name for name in NAMES if name != "softmax"])
def test_far_ends_are_finite_and_nan_stays(name: str) -> None:
    y = activate(Word(name), np.array([-1e4, 1e4, np.nan], np.float32))
    assert np.isfinite(y[:2]).all() and np.isnan(y[2])


def test_softmax_of_large_numbers_is_finite() -> None:
    assert activate(Word("softmax"), np.array([[1e4, -1e4]])).tolist() == [[1, 0]]


@pytest.mark.parametrize("value", [Applied("leaky_relu", (0.5,)), Applied("leaky_relu", (), {"slope": 0.5})])
def test_an_activation_takes_its_number(value: Applied) -> None:
    assert activate(value, np.array([-4.0])).tolist() == [-2]


@pytest.mark.parametrize(
    "value", [Word("rleu"), Applied("relu", (1,)), Applied("elu", (), {"slope": 1}), Applied("elu", (True,)), 3]
)
def test_what_is_no_activation_is_refused(value: object) -> None:
    with pytest.raises(Fault) as fault:
        resolve(value)
    assert fault.value.code == "N209"


def test_a_near_name_is_proposed() -> None:
    with pytest.raises(Fault) as fault:
        resolve(Word("rleu"))
    assert fault.value.changes == ({"act": "relu"},)


def test_prelu_has_a_slope_for_each_channel(make) -> None:
    y = make("prelu", (2,)).forward([np.array([[-2.0, -2.0], [3.0, 3.0]])], {"slope": np.array([0.5, 0.0])})
    assert y.tolist() == [[-1, 0], [3, 3]]
