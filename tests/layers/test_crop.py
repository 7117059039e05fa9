"""Parts as large as another value."""

from __future__ import annotations

import numpy as np

from netdsl.language.load import parse

ROWS = np.arange(6.0)[None, :, None, None] * np.ones((1, 6, 5, 1))


def part(make, call: str, like: tuple[int, int, int]) -> list[float]:
    """The rows that remain of six."""
    return make(call, (6, 5, 1), like).forward([ROWS, np.ones((1, *like))], {})[0, :, 0, 0].tolist()


def test_a_part_lies_about_the_centre_the_odd_pixel_behind_it(make) -> None:
    assert part(make, "crop(like=x1)", (3, 5, 7)) == [1, 2, 3]


def test_an_offset_says_where_it_begins(make) -> None:
    assert part(make, "crop(like=x1, offset=(3, 0))", (3, 5, 7)) == [3, 4, 5]


def test_the_channels_are_those_of_what_is_cut(make) -> None:
    assert make("crop(like=x1)", (6, 5, 4), (3, 2, 7)).out_shape((6, 5, 4), (3, 2, 7)) == (3, 2, 4)


def test_a_crop_does_not_see_what_it_is_like() -> None:
    net = parse("net E {\ninput x: 16x16x1\na: conv(1, 9x9)\ny: from x | crop(like=a)\nadd(a, y)\n}")
    assert (net.fields["a"], net.fields["y"]) == ((9, 9), (1, 1))


def test_a_crop_takes_pixels_or_a_value(refused) -> None:
    assert refused("crop", "5x5x1").code == "N206"
    assert refused("crop(1, like=x)", "5x5x1").code == "N206"


def test_like_names_a_value(refused) -> None:
    assert refused("crop(like=3)", "5x5x1").code == "N226"
    assert refused("crop(like=nothing)", "5x5x1").code == "N201"


def test_an_offset_belongs_to_like(refused) -> None:
    assert refused("crop(1, offset=2)", "5x5x1").code == "N304"
