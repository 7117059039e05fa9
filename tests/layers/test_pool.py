"""Pools on numbers that can be read off."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.layers.initialiser import draw

X = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("maxpool(2x2)", [[6, 8], [3, 4]]),
        ("minpool(2x2)", [[1, 2], [1, 0]]),
        ("sumpool(2x2)", [[13, 21], [8, 8]]),
        ("avgpool(2x2)", [[3.25, 5.25], [2, 2]]),
        ("maxpool(2x2, stride=1)", [[6, 7, 8], [6, 7, 8], [3, 3, 4]]),
    ],
)
def test_2x2_windows(image, call: str, expected: list[list[float]]) -> None:
    assert image(call, X).tolist() == expected


def test_ceil_takes_the_ragged_edge(image) -> None:
    """The map of the diagonal filter over an X, in ninths: 7x7 pools to 4x4."""
    x = [
        [7, -1, 1, 3, 5, -1, 3],
        [-1, 9, -1, 3, -1, 1, -1],
        [1, -1, 9, -3, 1, -1, 5],
        [3, 3, -3, 5, -3, 3, 3],
        [5, -1, 1, -3, 9, -1, 1],
        [-1, 1, -1, 3, -1, 9, -1],
        [3, -1, 5, 3, 1, -1, 7],
    ]
    assert image("maxpool(2x2, ceil=true)", x).tolist() == [[9, 3, 5, 3], [3, 9, 3, 5], [5, 3, 9, 1], [3, 5, 1, 7]]
    assert image("maxpool(2x2)", x).shape == (3, 3)


def test_ceil_starts_no_window_in_the_padding(make) -> None:
    assert make("maxpool(2, stride=3, pad=1, ceil=true)", (5, 5, 1)).out_shape((5, 5, 1)) == (2, 2, 1)


def test_padding_never_wins_a_maximum(image) -> None:
    assert image("maxpool(3x3, stride=1, pad=1)", [[-5, -7]]).tolist() == [[-5, -5]]


def test_mean_counts_padding_only_if_asked(image) -> None:
    assert image("avgpool(2x2, pad=1)", [[4]]).tolist() == [[4]]
    assert image("avgpool(2x2, pad=1, count_pad=true)", [[4]]).tolist() == [[1]]


def test_googlenets_auxiliary_pool(make) -> None:
    assert make("avgpool(5x5, stride=3)", (14, 14, 512)).out_shape((14, 14, 512)) == (4, 4, 512)


def test_nan_counts_as_the_largest(image) -> None:
    assert np.isnan(image("maxpool(2x2)", [[1, float("nan")], [3, 4]])).all()


@pytest.mark.parametrize(("call", "expected"), [("global_avgpool", [4.0, 5.0]), ("global_maxpool", [7.0, 8.0])])
def test_global_pools_give_a_number_a_channel(make, call: str, expected: list[float]) -> None:
    x = np.arange(1.0, 9.0).reshape(1, 2, 2, 2)
    assert make(call, (2, 2, 2)).forward([x], {})[0].tolist() == expected


def test_pool_applies_its_activation(image) -> None:
    assert image("sumpool(1x2, act=relu)", [[1, -3, 2, 2]]).tolist() == [[0, 4]]


def test_subsample_scales_and_shifts_the_sum_of_its_window(image) -> None:
    x = [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert image("subsample(2x2)", x, coefficient=[0.5], bias=[1]).tolist() == [[8, 12]]


def test_subsample_starts_as_the_mean(make) -> None:
    coefficient, bias = make("subsample(2x2)", (4, 4, 3)).params((4, 4, 3))
    start = [draw(p.init, p.shape, p.fan, seed=1, name=p.name).tolist() for p in (coefficient, bias)]
    assert start == [[0.25] * 3, [0] * 3]


def test_s2_and_s4_of_lenet5_have_12_and_32_trainable_numbers(make) -> None:
    shapes = ((28, 28, 6), (10, 10, 16))
    assert [sum(p.shape[0] for p in make("subsample(2x2)", x).params(x)) for x in shapes] == [12, 32]
