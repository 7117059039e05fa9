"""The highway gate and its parts."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.language.load import parse

H, T, X = np.array([[10.0, 10, 10]]), np.array([[0.0, 0.5, 1]]), np.array([[2.0, 2, 2]])


def test_t_says_how_much_of_h_passes(make) -> None:
    assert make("gate", (3,), (3,), (3,)).forward([H, T, X], {})[0].tolist() == [2, 6, 10]


def test_complement_is_what_is_left_of_1(make) -> None:
    assert make("complement", (3,)).forward([T], {})[0].tolist() == [1, 0.5, 0]


def test_one_gate_stretches_over_all_channels(make) -> None:
    assert make("gate", (3,), (1,), (3,)).forward([H, np.array([[0.5]]), X], {})[0].tolist() == [6, 6, 6]


def test_a_gate_has_the_order_of_its_branches() -> None:
    net = parse("net E {\ninput x: 3\ny: gate {\n- relu\n- sigmoid\n- id\n}\n}")
    assert net.nodes["y"].inputs == ("relu_1", "sigmoid_1", "x")


def test_a_gate_of_two_values_is_refused() -> None:
    with pytest.raises(NetError) as error:
        parse("net E {\ninput x: 3\na: relu\ngate(a, x)\n}")
    assert error.value.code == "N227"
    assert "`gate` takes 3 values, not 2" in str(error.value)
