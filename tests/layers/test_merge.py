"""Merges: alignment, fitting, joining."""

from __future__ import annotations

import numpy as np
import pytest


def ones(*shape: int) -> np.ndarray:
    return np.ones((1, *shape))


def test_depth_concat_centres_the_smaller(make) -> None:
    a, b = (14, 14, 2), (16, 16, 3)
    y = make("concat(fit=pad)", a, b).forward([ones(*a), ones(*b)], {})[0]
    assert y.shape == (16, 16, 5)
    assert y[:, 8, 0].tolist() == [0, *[1] * 14, 0]
    assert y[..., 2:].all()


def test_odd_difference_pads_more_after(make) -> None:
    y = make("concat(fit=pad)", (4, 4, 1), (9, 9, 1)).forward([ones(4, 4, 1), ones(9, 9, 1)], {})[0]
    assert y[:, 4, 0].tolist() == [0, 0, 1, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(("skip", "small", "side"), [(64, 56, 4), (136, 104, 16), (280, 200, 40), (568, 392, 88)])
def test_unets_skips_are_cropped_about_their_centre(make, skip: int, small: int, side: int) -> None:
    x = np.broadcast_to(np.arange(float(skip))[None, :, None, None], (1, skip, skip, 1))
    y = make("concat(fit=crop)", (skip, skip, 1), (small, small, 1)).forward([x, ones(small, small, 1)], {})[0]
    assert (y[0, 0, 0], y[-1, 0, 0]) == (side, skip - side - 1)


def test_a_vector_stretches_over_a_map(make) -> None:
    x, v = ones(2, 3, 2), np.array([[10.0, 20.0]])
    assert make("mul", (2, 3, 2), (2,)).forward([x, v], {})[0, 1, 2].tolist() == [10, 20]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("add", [4, -2]),
        ("mul", [3, -3]),
        ("max", [3, 1]),
        ("mean", [2, -1]),
        ("sub", [-2, 4]),
        ("add(act=relu)", [4, 0]),
    ],
)
def test_element_by_element(make, call: str, expected: list[float]) -> None:
    a, b = np.array([[1.0, 1.0]]), np.array([[3.0, -3.0]])
    assert make(call, (2,), (2,)).forward([a, b], {})[0].tolist() == expected


def test_sizes_that_do_not_agree_are_named(make, fault) -> None:
    found = fault(make("add", (4, 4, 2), (4, 4, 2)), (4, 4, 2), (4, 5, 2))
    assert found.code == "N308"
    assert found.message == "`add` cannot combine 4x4x2 and 4x5x2"
    assert found.changes == ({"fit": "crop"}, {"fit": "pad"})


def test_channels_that_do_not_agree_have_no_remedy_of_fitting(make, fault) -> None:
    assert fault(make("add", (4, 4, 2), (4, 4, 2)), (4, 4, 2), (4, 4, 3)).changes == ()


def test_concat_joins_along_any_axis(make) -> None:
    assert make("concat(axis=0)", (3, 4), (2, 4)).out_shape((3, 4), (2, 4)) == (5, 4)
