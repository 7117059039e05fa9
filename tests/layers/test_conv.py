"""Convolutions worked by hand in the lectures."""

from __future__ import annotations

import numpy as np
import pytest

I4 = [[5, 2, 3, 4], [6, 7, 8, 5], [4, 5, 4, 5], [1, 0, 2, 3]]
K2 = np.array([[1, 0], [1, -1]])[:, :, None, None]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", [[4, 1, 6], [5, 8, 7], [5, 3, 3]]),
        (", stride=2", [[4, 6], [5, 3]]),
        (", pad=1", [[-5, 3, -1, -1, 4], [-6, 4, 1, 6, 9], [-4, 5, 8, 7, 10], [-1, 5, 3, 3, 8], [0, 1, 0, 2, 3]]),
        (", pad=1, stride=2", [[-5, -1, 4], [-4, 8, 10], [0, 0, 3]]),
        (", pad=2, stride=2", [[0, 0, 0, 0], [0, 4, 6, 0], [0, 5, 3, 0], [0, 0, 0, 0]]),
    ],
)
def test_4x4_image_with_2x2_kernel(image, arguments: str, expected: list[list[int]]) -> None:
    assert image(f"conv(1, 2x2, bias=false{arguments})", I4, weight=K2).tolist() == expected


def test_kernel_is_not_turned_unless_asked(image) -> None:
    impulse = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    kernel = np.arange(9.0).reshape(3, 3, 1, 1)
    assert image("conv(1, 3x3, pad=1, bias=false)", impulse, weight=kernel)[0].tolist() == [8, 7, 6]
    assert image("conv(1, 3x3, pad=1, bias=false, flip=true)", impulse, weight=kernel)[0].tolist() == [0, 1, 2]


def test_three_channels_two_filters_stride_2(make) -> None:
    """The demonstration of Stanford's cs231n."""
    planes = (
        [[0, 0, 1, 0, 2], [1, 0, 2, 0, 1], [1, 0, 2, 2, 0], [2, 0, 0, 2, 0], [2, 1, 2, 2, 0]],
        [[2, 1, 2, 1, 1], [2, 1, 2, 0, 1], [0, 2, 1, 0, 1], [1, 2, 2, 2, 2], [0, 1, 2, 0, 1]],
        [[2, 1, 1, 2, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [1, 0, 2, 1, 0], [2, 2, 1, 1, 1]],
    )
    x = np.stack(planes, axis=-1)[None].astype(float)
    first = [
        [[-1, 0, 1], [0, 0, 1], [1, -1, 1]],
        [[-1, 0, 1], [1, -1, 1], [0, 1, 0]],
        [[-1, 1, 1], [1, 1, 0], [0, -1, 0]],
    ]
    second = [
        [[0, 1, -1], [0, -1, 0], [0, -1, 1]],
        [[-1, 0, 0], [1, -1, 0], [1, -1, 0]],
        [[-1, 1, -1], [0, -1, -1], [1, 0, 0]],
    ]
    weight = np.array([first, second], float).transpose(2, 3, 1, 0)
    layer = make("conv(2, 3x3, stride=2, pad=1)", (5, 5, 3))
    y = layer.forward([x], {"weight": weight, "bias": np.array([1.0, 0.0])})[0]
    assert y[:, :, 0].tolist() == [[2, 3, 3], [3, 7, 3], [8, 10, -3]]
    assert y[:, :, 1].tolist() == [[-8, -8, -3], [-3, 1, 0], [-3, -8, -5]]


def test_causal_padding_looks_back_only(make) -> None:
    x = np.array([10.0, 20.0, 30.0])[None, :, None]
    kernel = {"weight": np.array([1.0, 2.0])[:, None, None]}
    padded = make("conv(1, 2, pad=causal, bias=false)", (3, 1)).forward([x], kernel)
    plain = make("conv(1, 2, bias=false)", (3, 1)).forward([x], kernel)
    assert padded.ravel().tolist() == [20, 50, 80]
    assert plain.ravel().tolist() == [50, 80]


def test_groups_do_not_see_each_other(make) -> None:
    layer = make("conv(2, 1x1, groups=2, bias=false)", (1, 1, 4))
    x = np.array([1.0, 10.0, 100.0, 1000.0]).reshape(1, 1, 1, 4)
    assert layer.forward([x], {"weight": np.ones((1, 1, 2, 2))}).ravel().tolist() == [11, 1100]


def test_same_puts_the_odd_pixel_after(image) -> None:
    ones = np.ones((2, 2, 1, 1))
    assert image("conv(1, 2x2, pad=same, bias=false)", [[1, 2], [3, 4]], weight=ones).tolist() == [[10, 6], [7, 4]]


def test_same_with_stride_gives_ceil(make) -> None:
    assert make("conv(1, 3x3, stride=2, pad=same)", (224, 7, 1)).out_shape((224, 7, 1)) == (112, 4, 1)


@pytest.mark.parametrize(("size", "pad", "out"), [(227, 0, 55), (224, 0, 54), (224, 2, 55)])
def test_alexnets_first_layer(make, size: int, pad: int, out: int) -> None:
    x = (size, size, 3)
    assert make(f"conv(96, 11x11, stride=4, pad={pad})", x).out_shape(x) == (out, out, 96)


def test_four_pads_are_top_bottom_left_right(make) -> None:
    x = (4, 4, 1)
    layer = make("conv(1, 2x2, pad=(1, 0, 2, 3))", x)
    assert [axis.pad for axis in layer.axes(x)] == [(1, 0), (2, 3)]
    assert layer.out_shape(x) == (4, 8, 1)


@pytest.mark.parametrize(
    ("size", "arguments", "out"),
    [
        (2, "3, stride=2", 5),
        (4, "4, stride=2, pad=1", 8),
        (28, "2, stride=2", 56),
        (3, "3, stride=2, pad=1, output_pad=1", 6),
    ],
)
def test_transposed_sizes(make, size: int, arguments: str, out: int) -> None:
    x = (size, size, 1)
    assert make(f"conv_transpose(1, {arguments})", x).out_shape(x) == (out, out, 1)


def test_transposed_windows_overlap_and_add(image) -> None:
    y = image("conv_transpose(1, 2x2, bias=false)", [[1, 2]], weight=np.ones((2, 2, 1, 1)))
    assert y.tolist() == [[1, 3, 2], [1, 3, 2]]


def test_transposed_same_gives_size_times_stride(make) -> None:
    x = (5, 7, 1)
    assert make("conv_transpose(1, 3x3, stride=2, pad=same)", x).out_shape(x) == (10, 14, 1)


def test_1x1_bottleneck_saves_nine_tenths() -> None:
    from netdsl.language.load import parse

    straight = parse("net E {\ninput x: 28x28x192\nconv(32, 5x5, pad=same)\n}")
    narrow = parse("net E {\ninput x: 28x28x192\nconv(16, 1x1) | conv(32, 5x5, pad=same)\n}")
    assert (straight.macs, narrow.macs) == (120_422_400, 12_443_648)
