"""Squared distances to centres."""

from __future__ import annotations

import numpy as np

from netdsl.language.load import parse


def test_each_output_is_the_squared_distance_to_its_centre(make) -> None:
    centres = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 3.0]])  # two centres, a column each
    y = make("rbf(2)", (3,)).forward([np.array([[1.0, 1.0, 1.0]])], {"weight": centres})
    assert y.tolist() == [[0 + 4 + 0, 1 + 1 + 4]]


def test_first_centres_are_of_ones_and_minus_ones() -> None:
    weight = parse("net E {\ninput x: 84\nrbf(10)\n}").initialise()["rbf_1.weight"]
    assert np.unique(weight).tolist() == [-1, 1]
    assert abs(weight.mean()) < 4 / np.sqrt(840)


def test_fixed_centres_are_parameters_that_no_step_changes() -> None:
    net = parse("net E {\ninput x: 84\nrbf(10, trainable=false)\n}")
    assert (net.params, net.trainable, net.nontrainable, net.macs) == (840, 0, 840, 0)
    assert net.learned == ()
