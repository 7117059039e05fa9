"""upsample and adaptive_avgpool on numbers that can be read off."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.graph.seen import seen
from netdsl.language.load import parse
from netdsl.layers.adaptive_pool import cells

X = [[1.0, 5], [9, 13]]


def test_nearest_repeats(image) -> None:
    assert image("upsample(2)", X).tolist() == [[1, 1, 5, 5], [1, 1, 5, 5], [9, 9, 13, 13], [9, 9, 13, 13]]


def test_bilinear_is_linear_between_pixels_and_flat_at_the_border(image) -> None:
    assert image("upsample(2, mode=bilinear)", X).tolist() == [
        [1, 2, 4, 5],
        [3, 4, 6, 7],
        [7, 8, 10, 11],
        [9, 10, 12, 13],
    ]


def test_each_axis_may_have_a_factor_of_its_own(image) -> None:
    assert image("upsample(1x2)", X).tolist() == [[1, 1, 5, 5], [9, 9, 13, 13]]


def test_windows_share_pixels_where_the_size_does_not_divide(image) -> None:
    assert cells(5, 3) == [(0, 2), (1, 4), (3, 5)]
    assert image("adaptive_avgpool(1x3)", [[0, 6, 12, 18, 24]]).tolist() == [[3, 12, 21]]


def test_windows_lie_side_by_side_where_it_does(image) -> None:
    assert image("adaptive_avgpool(2x2)", np.arange(16.0).reshape(4, 4)).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_a_size_of_one_pixel_is_the_mean_of_all(image) -> None:
    assert image("adaptive_avgpool(1x1)", X).tolist() == [[7]]


def test_a_larger_size_repeats(image) -> None:
    assert image("adaptive_avgpool(4x4)", X).tolist() == image("upsample(2)", X).tolist()


@pytest.mark.parametrize(("n", "m"), [(7, 7), (7, 3), (224, 7), (13, 6), (3, 8), (10, 4)])
def test_the_reach_is_that_of_the_largest_window(make, n: int, m: int) -> None:
    reach = make(f"adaptive_avgpool({m})", (n, 1)).window((n, 1)).kernel[0]
    assert reach == max(b - a for a, b in cells(n, m))


def test_torchvisions_alexnet_pools_13_pixels_to_6() -> None:
    net = parse("net E {\ninput x: 13x13x256\ny: adaptive_avgpool(6x6)\n}")
    assert (net.nodes["y"].shape, net.fields["y"]) == ((6, 6, 256), (3, 3))


def test_a_bilinear_pixel_sees_2_by_2(make) -> None:
    net = parse("net E {\ninput x: 8x8x1\nconv(1, 3x3)\ny: upsample(2, mode=bilinear)\n}")
    assert net.fields["y"] == (4, 4)


@pytest.mark.parametrize("call", ["upsample(2)", "adaptive_avgpool(7x7)"])
def test_a_vector_has_no_pixels(refused, call: str) -> None:
    assert refused(call, "64").code == "N302"


def test_a_factor_for_each_axis(refused) -> None:
    assert refused("upsample((2, 2, 2))", "8x8x3").code == "N303"


def test_an_unknown_mode_is_refused_with_the_known_ones(refused) -> None:
    error = refused("upsample(2, mode=cubic)", "8x8x3")
    assert error.code == "N201"


@pytest.mark.parametrize(
    ("call", "at", "expected"),
    [
        ("upsample(3)", (4, 0), ((1, 1), (0, 0))),
        ("upsample(2, mode=bilinear)", (4, 1), ((1, 2), (0, 1))),
        ("upsample(3, mode=bilinear)", (4, 2), ((1, 1), (0, 1))),
        ("adaptive_avgpool(3x2)", (1, 1), ((1, 3), (3, 6))),
        ("permute((1, 0, 2))", (4, 1), ((1, 1), (4, 4))),
        ("permute((0, 2, 1))", (4, 1), ((4, 4), (0, 6))),
    ],
)
def test_what_one_position_reads(call: str, at: tuple[int, ...], expected: tuple[tuple[int, int], ...]) -> None:
    assert seen(parse(f"net E {{\ninput x: 5x7x3\ny: {call}\n}}"), "y", at)["x"] == expected
