"""Receptive fields by the recurrence r' = r + (k - 1)·j, j' = j·s."""

from __future__ import annotations

import pytest

from netdsl.language.load import parse


def field(body: str, shape: str = "100x80x1") -> tuple[int, ...]:
    """The field of the last node."""
    net = parse(f"net E {{\ninput x: {shape}\n{body}\n}}")
    return net.fields[list(net.nodes)[-1]]


def test_three_3x3_see_as_much_as_one_7x7() -> None:
    assert field("conv(1, 3x3) * 3") == field("conv(1, 7x7)") == (7, 7)


def test_a_stride_widens_what_follows() -> None:
    assert field("conv(1, 3x3, stride=2) | conv(1, 3x3)") == (7, 7)  # 3 + 2·2


def test_axes_are_apart() -> None:
    assert field("conv(1, 1x7, stride=(1, 2)) | conv(1, 3x1)") == (3, 7)


def test_elementwise_layers_see_what_their_input_sees() -> None:
    assert field("conv(1, 5x5) | relu | batchnorm | dropout(0.5) | lrn(3)") == (5, 5)


@pytest.mark.parametrize(("dilations", "width"), [("1, 1, 1, 1", 5), ("1, 2, 4, 8", 16)])
def test_dilated_causal_convolutions_of_two_taps(dilations: str, width: int) -> None:
    assert field(f"for d in [{dilations}] {{ conv(1, 2, dilation=d, pad=causal) }}", "50x1") == (width,)


def test_the_widest_path_counts() -> None:
    assert field("concat {\n- conv(1, 1x1)\n- conv(1, 3x3, pad=same) | conv(1, 5x5, pad=same)\n}") == (7, 7)


@pytest.mark.parametrize("call", ["dense(3)", "flatten", "global_avgpool", "global_maxpool", "reshape(12x8x1)"])
def test_a_layer_over_the_whole_map_is_one_window(call: str) -> None:
    assert field(f"maxpool(2x2) | conv(1, 3x3, pad=same)\n{call}", "16x24x1")[0] == 6 + 7 * 2


def test_dense_on_a_sequence_sees_one_position() -> None:
    assert field("conv(4, 3) | dense(2)", "20x1") == (3,)


def test_fields_exceed_the_image() -> None:
    assert field("conv(1, 3x3, pad=same) * 4", "5x5x1") == (9, 9)


def test_a_transposed_convolution_halves_the_jump() -> None:
    body = "maxpool(2x2) | conv_transpose(1, 2x2, stride=2) | conv(1, 3x3, pad=same)"
    assert field(body) == (4, 4)  # 2 + (ceil(2/2) - 1)·2, jump 2/2, then + 2·1


def test_a_vector_has_no_field() -> None:
    assert field("dense(4) | relu", "7") == ()
