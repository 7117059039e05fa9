"""A kernel on a picture, with numbers that a reader can check by hand."""

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.explain.picture_filter import filter_picture, find_kernel
from netdsl.layers.named_kernels import NAMED_KERNELS

PHOTO = np.random.default_rng(7).integers(0, 256, (13, 17, 3), np.uint8)


def edge(left: int, right: int) -> np.ndarray:
    """A picture 4x6 with a vertical edge in the middle."""
    return np.repeat(np.array([left] * 3 + [right] * 3, np.uint8)[None, :, None], 4, axis=0)


def test_identity_keeps_every_pixel_of_every_colour():
    assert (filter_picture(PHOTO, find_kernel("identity")).picture == PHOTO).all()


@pytest.mark.parametrize("name", [name for name, one in NAMED_KERNELS.items() if one.sum == 1])
def test_what_sums_to_1_keeps_a_uniform_picture_up_to_its_border(name):
    assert (filter_picture(np.full((7, 9, 1), 90, np.uint8), find_kernel(name)).picture == 90).all()


@pytest.mark.parametrize("name", NAMED_KERNELS)
def test_picture_is_what_the_sum_over_the_window_says(name):
    kernel, (height, width) = find_kernel(name), PHOTO.shape[:2]
    half = len(kernel) // 2
    around = np.pad(PHOTO.astype(float), ((half, half), (half, half), (0, 0)), mode="edge")
    expected = sum(weight * around[i : i + height, j : j + width] for (i, j), weight in np.ndenumerate(kernel))
    assert np.abs(filter_picture(PHOTO, kernel).picture - np.clip(expected, 0, 255)).max() <= 0.51


def test_sobel_finds_a_vertical_edge_where_it_is():
    found = filter_picture(edge(10, 40), find_kernel("sobel_x"))
    assert found.picture[:, :, 0].tolist() == [[0, 0, 120, 120, 0, 0]] * 4


def test_a_falling_edge_is_negative_and_shown_by_its_absolute_value():
    assert filter_picture(edge(40, 10), find_kernel("sobel_x")).words() == (
        "numbers from -120 to 0, 33.3 % of them cut to 0..255"
    )
    assert filter_picture(edge(40, 10), find_kernel("sobel_x"), absolute=True).picture.max() == 120


def test_offset_shows_negative_numbers_below_grey():
    assert filter_picture(edge(40, 10), find_kernel("sobel_x"), offset=128).picture.min() == 8


def test_zeros_beyond_the_border_darken_it():
    found = filter_picture(np.full((5, 5, 1), 90, np.uint8), find_kernel("box"), zeros=True).picture
    assert (found[2, 2, 0], found[0, 2, 0], found[0, 0, 0]) == (90, 60, 40)


def test_a_kernel_may_be_written_and_be_even():
    assert filter_picture(edge(10, 40), find_kernel("-1 1")).picture[0, :, 0].tolist() == [0, 0, 30, 0, 0, 0]


@pytest.mark.parametrize("kernel", ["sobel", "1 2|3 4", " ".join(["1"] * 32)])
def test_what_is_no_kernel_is_refused(kernel):
    with pytest.raises(NetError, match="N621"):
        find_kernel(kernel)
