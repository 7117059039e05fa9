"""Sparse connection tables."""

from __future__ import annotations

import numpy as np

import netdsl
from netdsl.layers.table import TABLES


def test_lenet_c3_has_the_papers_numbers(make) -> None:
    layer = make("conv(16, 5x5, table=lenet_c3)", (14, 14, 6))
    assert [p.shape for p in layer.params((14, 14, 6))] == [(5, 5, 60), (16,)]
    assert sum(np.prod(p.shape) for p in layer.params((14, 14, 6))) == 1516
    assert layer.macs((14, 14, 6)).value == 10 * 10 * 5 * 5 * 60


def test_lenet_c3_is_six_threes_nine_fours_and_all() -> None:
    assert [len(row) for row in TABLES["lenet_c3"]] == [3] * 6 + [4] * 9 + [6]
    assert [sum(c in row for row in TABLES["lenet_c3"]) for c in range(6)] == [10] * 6


def test_a_filter_sees_only_the_channels_of_its_row(make) -> None:
    weight = np.array([[[2.0, 10.0, 100.0]]])  # filter 0 sees channel 2, filter 1 channels 0 and 1
    y = make("conv(2, 1x1, table=[[2], [0, 1]], bias=false)", (1, 1, 3)).forward(
        [np.array([[[[1.0, 3.0, 5.0]]]])], {"weight": weight}
    )
    assert y.ravel().tolist() == [2 * 5, 10 * 1 + 100 * 3]


def test_a_table_of_everything_is_an_ordinary_convolution() -> None:
    rows = [[0, 1, 2, 3]] * 5
    sparse = netdsl.parse(f"net E {{\ninput x: 6x7x4\ny: conv(5, 3x3, table={rows}, act=tanh)\n}}")
    whole = netdsl.parse("net E {\ninput x: 6x7x4\ny: conv(5, 3x3, act=tanh)\n}")
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(3, 3, 4, 5)), rng.normal(size=5)
    x = rng.normal(size=(2, 6, 7, 4)).astype(np.float32)
    given = {"y.weight": weight.swapaxes(2, 3).reshape(3, 3, 20), "y.bias": bias}
    found = netdsl.compile(sparse, given)(x)
    np.testing.assert_array_equal(found, netdsl.compile(whole, {"y.weight": weight, "y.bias": bias})(x))


def test_the_number_of_an_optimisers_slots_is_that_of_the_connections() -> None:
    net = netdsl.parse("net E {\ninput x: 14x14x6\ny: conv(16, 5x5, table=lenet_c3)\n}")
    assert (net.params, net.trainable) == (1516, 1516)
    assert {name: a.shape for name, a in net.initialise().items()} == {"y.weight": (5, 5, 60), "y.bias": (16,)}
