"""Counts of parameters, state, multiply-adds and bytes."""

from __future__ import annotations

import pytest

from netdsl.errors import NetError
from netdsl.graph.cost import activation_bytes, cost_of
from netdsl.graph.net import Net
from netdsl.language.load import parse


def net(body: str, shape: str = "6x5x2") -> Net:
    return parse(f"net E {{\ninput x: {shape}\n{body}\n}}")


def test_conv_counts_weights_biases_and_products() -> None:
    found = net("conv(4, 3x3)")
    assert (found.params, found.macs) == (3 * 3 * 2 * 4 + 4, 4 * 3 * 3 * 3 * 2 * 4)


def test_groups_divide_weights_and_products() -> None:
    found = net("conv(4, 3x3, groups=2, bias=false)")
    assert (found.params, found.macs) == (3 * 3 * 1 * 4, 4 * 3 * 3 * 3 * 1 * 4)


def test_transposed_convolution_counts_each_input_pixel() -> None:
    found = net("conv_transpose(3, 2x2, stride=2)")
    assert (found.params, found.macs) == (2 * 2 * 2 * 3 + 3, 6 * 5 * 2 * 2 * 2 * 3)


def test_dense_flattens_a_map_and_repeats_along_a_sequence() -> None:
    assert net("dense(3)").macs == 6 * 5 * 2 * 3
    assert (net("dense(3)", "7x2").params, net("dense(3)", "7x2").macs) == (2 * 3 + 3, 7 * 2 * 3)


def test_moving_statistics_are_state_and_not_trainable() -> None:
    found = net("batchnorm")
    assert (found.params, found.state, found.total, found.trainable, found.nontrainable) == (4, 4, 8, 4, 4)


def test_fixed_parameters_are_counted_but_not_trainable() -> None:
    found = net("conv(4, 1x1, trainable=false) | conv(1, 1x1)")
    assert (found.params, found.trainable) == (12 + 5, 5)


def test_pools_and_activations_cost_nothing() -> None:
    found = net("maxpool(2x2) | relu | global_avgpool")
    assert (found.params, found.macs) == (0, 0)


def test_costs_of_parts_add_up() -> None:
    found = net("a: conv(4, 3x3)\nb: conv(2, 3x3) | batchnorm")
    parts = [cost_of(found, [p for p in found.nodes if p.split(".")[0] == name]) for name in ("a", "b")]
    assert sum(part.macs for part in parts) == found.macs
    assert sum(part.params for part in parts) == found.params


def test_values_of_one_image_in_bytes() -> None:
    assert activation_bytes(net("maxpool(2x2) | flatten")) == 4 * (6 * 5 * 2 + 3 * 2 * 2 + 12)


def test_a_sum_beyond_64_bits_is_refused() -> None:
    with pytest.raises(NetError, match=r"number of parameters overflows 64-bit") as error:
        net("dense(2147483647) * 4")
    assert error.value.code == "N306"
