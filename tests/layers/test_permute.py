"""permute, and reshapes that move no pixel."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.language.load import parse
from netdsl.reference import run_net


def test_an_image_is_transposed(image) -> None:
    assert image("permute((1, 0, 2))", [[1, 2, 3], [4, 5, 6]]).tolist() == [[1, 4], [2, 5], [3, 6]]


def test_axis_k_of_the_result_is_axis_order_k(make) -> None:
    assert make("permute((2, 0, 1))", (3, 4, 5)).out_shape((3, 4, 5)) == (5, 3, 4)


def shuffled(channels: int, groups: int):
    each = channels // groups
    return parse(
        f"net E {{\ninput x: 2x3x{channels}\nreshape(2x3x{groups}x{each})\npermute((0, 1, 3, 2))\n"
        f"y: reshape(2x3x{channels})\n}}"
    )


def test_channels_are_shuffled() -> None:
    """Figure 1 of ShuffleNet: three groups of three, dealt out one by one."""
    x = np.broadcast_to(np.arange(9.0), (1, 2, 3, 9))
    assert run_net(shuffled(9, 3), {}, {"x": x})["y"][0, 1, 2].tolist() == [0, 3, 6, 1, 4, 7, 2, 5, 8]


def test_a_shuffle_of_channels_moves_no_pixel() -> None:
    assert shuffled(12, 3).fields["y"] == (1, 1)


def test_a_transposed_image_sees_all() -> None:
    assert parse("net E {\ninput x: 5x7x3\ny: permute((1, 0, 2))\n}").fields["y"] == (5, 7)


@pytest.mark.parametrize("order", ["(0, 1)", "(0, 1, 1)", "(1, 2, 3)"])
def test_each_axis_once(refused, order: str) -> None:
    assert refused(f"permute({order})", "3x4x2").code == "N309"


@pytest.mark.parametrize("order", ["2", '"102"', "1.5"])
def test_an_order_is_a_tuple(refused, order: str) -> None:
    assert refused(f"permute({order})", "3x4x2").code == "N207"
