"""Depthwise and separable convolutions on numbers that can be read off, and their published counts."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.language.load import parse


def test_each_channel_is_filtered_alone(make) -> None:
    x = np.array([[[1.0, 10], [2, 20], [3, 30]]])
    weight = np.array([[[1.0, 0]], [[0, 1.0]]])
    y = make("depthwise(2, bias=false)", (3, 2)).forward([x], {"weight": weight})
    assert y[0].tolist() == [[1, 20], [2, 30]]


def test_the_channels_of_one_input_lie_side_by_side(make) -> None:
    x, weight = np.array([[[1.0, 10]]]), np.array([[[1.0, 2, 3, 4]]])
    y = make("depthwise(1, multiplier=2, bias=false)", (1, 2)).forward([x], {"weight": weight})
    assert y[0, 0].tolist() == [1, 2, 30, 40]


def test_depthwise_is_a_convolution_of_as_many_groups_as_channels(make) -> None:
    x = np.random.default_rng(1).normal(size=(2, 6, 5, 3))
    weight = np.random.default_rng(2).normal(size=(3, 3, 1, 6))
    call = "3x3, stride=2, pad=1, bias=false"
    grouped = make(f"conv(6, {call}, groups=3)", (6, 5, 3)).forward([x], {"weight": weight})
    depthwise = make(f"depthwise({call}, multiplier=2)", (6, 5, 3)).forward([x], {"weight": weight})
    assert np.array_equal(depthwise, grouped)


def test_separable_filters_and_then_mixes(make) -> None:
    x = np.array([[[1.0, 10], [2, 20], [3, 30]]])
    tensors = {"depthwise": np.array([[[1.0, 1]], [[1, 0]]]), "pointwise": np.array([[[1.0], [100]]]), "bias": [0.5]}
    y = make("separable(1, 2)", (3, 2)).forward([x], {k: np.array(v) for k, v in tensors.items()})
    assert y[0, :, 0].tolist() == [1 + 2 + 1000.5, 2 + 3 + 2000.5]


@pytest.mark.parametrize(
    ("call", "params", "macs"),
    [
        ("depthwise(3x3, pad=same)", 3 * 3 * 32 + 32, 112 * 112 * 3 * 3 * 32),
        ("separable(64, 3x3, pad=same)", 3 * 3 * 32 + 32 * 64 + 64, 112 * 112 * (3 * 3 * 32 + 32 * 64)),
        ("separable(64, 3x3, stride=2, multiplier=2, bias=false)", 9 * 64 + 64 * 64, 55 * 55 * (9 * 64 + 64 * 64)),
    ],
)
def test_counts(call: str, params: int, macs: int) -> None:
    net = parse(f"net E {{\ninput x: 112x112x32\ny: {call}\n}}")
    assert (net.params, net.nodes["y"].layer.macs((112, 112, 32)).value) == (params, macs)


def test_the_explanation_of_a_separable_count_gives_the_count() -> None:
    found = parse("net E {\ninput x: 4x4x2\ny: separable(3, 3x3)\n}").nodes["y"].layer.macs((4, 4, 2))
    assert found.text == "2·2·3·3·1·2 + 2·2·1·1·2·3 = 96"


@pytest.mark.parametrize("call", ["depthwise(5x5)", "separable(8, 5x5)"])
def test_a_window_larger_than_its_input_is_refused(refused, call: str) -> None:
    error = refused(call, "3x3x4")
    assert error.code == "N301"
    assert "try: kernel 3x3 gives 1x1x" in str(error).replace("  ", " ").replace("  ", " ")


def test_a_multiplier_counts_from_1() -> None:
    with pytest.raises(NetError) as error:
        parse("net E {\ninput x: 3x3x4\ndepthwise(3x3, multiplier=0)\n}")
    assert error.value.code == "N208"
