"""Windows over shapes: sizes against brute force, and what is refused with which words (FAULTS.md rows 30 to 40)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdsl.layers.base import REGISTRY, make
from netdsl.layers.values import Word
from netdsl.shapes import same_pad, transposed_extent, window_extent

CONV, POOL = REGISTRY["conv"], REGISTRY["maxpool"]
small = st.integers(1, 12)
pads = st.integers(0, 6)


def fitting(size: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int) -> int:
    """Starts at which a window lies within the padded input."""
    end = size + pad[0] + pad[1]
    return sum(start + dilation * (kernel - 1) + 1 <= end for start in range(0, end, stride))


def covering(size: int, kernel: int, stride: int, pad: int) -> int:
    """Windows until one reaches the end of the padded input, all of which start before the padding after it."""
    starts = range(0, size + pad, stride)
    return sum(start - stride + kernel < size + 2 * pad for start in starts)


@given(size=st.integers(1, 40), kernel=small, stride=small, before=pads, after=pads, dilation=st.integers(1, 4))
def test_size_is_the_number_of_windows_that_fit(
    size: int, kernel: int, stride: int, before: int, after: int, dilation: int
) -> None:
    expected = fitting(size, kernel, stride, (before, after), dilation)
    assert max(window_extent(size, kernel, stride, (before, after), dilation).value, 0) == expected


@given(size=st.integers(1, 40), kernel=small, stride=small, pad=pads)
def test_ceil_adds_the_window_that_hangs_over(size: int, kernel: int, stride: int, pad: int) -> None:
    pad = min(pad, kernel - 1)  # more is refused for pools, which alone have `ceil`
    expected = covering(size, kernel, stride, pad)
    assert max(window_extent(size, kernel, stride, (pad, pad), ceil=True).value, 0) == expected


@given(size=st.integers(1, 60), kernel=small, stride=small, dilation=st.integers(1, 4))
def test_same_gives_ceil_of_size_by_stride(size: int, kernel: int, stride: int, dilation: int) -> None:
    pad = same_pad(size, kernel, stride, dilation)
    assert window_extent(size, kernel, stride, pad, dilation).value == -(-size // stride)
    assert 0 <= pad[1] - pad[0] <= 1


@given(size=small, kernel=small, stride=small, dilation=st.integers(1, 3))
def test_transposed_size_leads_back(size: int, kernel: int, stride: int, dilation: int) -> None:
    out = transposed_extent(size, kernel, stride, (0, 0), dilation).value
    assert window_extent(out, kernel, stride, (0, 0), dilation).value == size


def conv(**given: object):
    return make(CONV, {"filters": 4, "kernel": 3} | given)


def test_a_window_larger_than_its_input_shows_the_arithmetic(fault) -> None:
    found = fault(make(CONV, {"filters": 120, "kernel": 5}), (3, 3, 16))
    assert found.message == "`conv` has no output: the 5x5 window is larger than its 3x3 input"
    assert found.facts[0] == ("height", "floor((3 + 0 - 5)/1) + 1 = -1")
    assert found.changes == ({"kernel": "3x3"}, {"pad": "1"})


def test_only_the_axis_that_fails_is_shown(fault) -> None:
    found = fault(conv(), (9, 2, 1))
    assert found.facts == (("width", "floor((2 + 0 - 3)/1) + 1 = 0"),)
    assert found.changes == ({"kernel": "3x2"}, {"pad": "1"})


def test_a_sequence_has_a_length(fault) -> None:
    found = fault(conv(kernel=9), (5, 1))
    assert found.message == "`conv` has no output: the 9-wide window is larger than its 5 input"
    assert found.facts[0][0] == "length"


@pytest.mark.parametrize("keyword", ["conv", "conv_transpose", "maxpool", "avgpool", "sumpool", "minpool"])
def test_a_vector_has_no_window(fault, keyword: str) -> None:
    given = {"kernel": 3} | ({"filters": 4} if keyword.startswith("conv") else {})
    found = fault(make(REGISTRY[keyword], given), (120,))
    assert found.code == "N302" and "vector of 120" in found.message


def test_groups_name_both_numbers(fault) -> None:
    assert fault(conv(groups=4), (5, 5, 6)).message == "`groups=4` does not divide the 6 input channels of `conv`"
    assert fault(conv(groups=3), (5, 5, 6)).message == "`groups=3` does not divide the 4 filters of `conv`"


@pytest.mark.parametrize(
    ("layer", "shape", "code", "argument"),
    [
        (conv(kernel=(3, 3, 3)), (9, 9, 1), "N303", "kernel"),
        (conv(stride=(1, 2, 1)), (9, 9, 1), "N303", "stride"),
        (conv(pad=(1, 2, 3)), (9, 9, 1), "N304", "pad"),
        (conv(pad=Word("causal")), (9, 9, 1), "N304", "pad"),
        (make(POOL, {"kernel": 2, "pad": 2}), (9, 9, 1), "N304", "pad"),
        (make(POOL, {"kernel": 3, "pad": (1, 1, 3, 0)}), (9, 9, 1), "N304", "pad"),
        (
            make(REGISTRY["conv_transpose"], {"filters": 1, "kernel": 3, "output_pad": 1}),
            (9, 9, 1),
            "N304",
            "output_pad",
        ),
        (make(REGISTRY["conv_transpose"], {"filters": 1, "kernel": 3, "pad": 9}), (2, 2, 1), "N301", "pad"),
        (make(REGISTRY["crop"], {"by": 5}), (9, 9, 1), "N301", "by"),
        (make(REGISTRY["reshape"], {"shape": (4, 4)}), (9, 9, 1), "N307", "shape"),
        (make(REGISTRY["concat"], {"axis": 3}), (9, 9, 1), "N309", "axis"),
        (make(REGISTRY["slice"], {"start": 2, "stop": 2}), (9, 9, 4), "N310", "start"),
    ],
)
def test_shapes_that_a_layer_cannot_take(fault, layer, shape, code: str, argument: str) -> None:
    found = fault(layer, shape)
    assert (found.code, found.argument) == (code, argument)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("conv(3, 3x3, stride=0)", "`stride` of `conv` is 0; the least is 1"),
        ("conv(3, 3x3, stride=-1)", "`stride` of `conv` is -1; the least is 1"),
        ("conv(3, 0)", "`kernel` of `conv` is 0; the least is 1"),
        ("conv(3, 3, dilation=0)", "`dilation` of `conv` is 0; the least is 1"),
        ("conv(3, 3, groups=0)", "`groups` of `conv` is 0; the least is 1"),
        ("conv(3, 3, pad=-1)", "`pad` of `conv` is -1; the least is 0"),
        ("conv(3, 3, pad=1048577)", "`pad` of `conv` is 1048577; the most is 1048576"),
        ("conv(2147483648, 3)", "`filters` of `conv` is 2147483648; the most is 2147483647"),
        ("dropout(1.5)", "`p` of `dropout` is 1.5; the most is 1"),
        ("batchnorm(eps=-0.1)", "`eps` of `batchnorm` is -0.1; the least is 0"),
    ],
)
def test_arguments_have_limits(refused, call: str, words: str) -> None:
    error = refused(call, "9x9x3")
    assert error.code == "N208" and error.diagnostics[0].message == words


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("conv(4, 4.5)", "a decimal number"),
        ("conv(true, 3)", "a boolean"),
        ('conv("3", 3)', "a string"),
        ("conv(4, 3, bias=1)", "an integer"),
        ("reshape(2.5)", "a decimal number"),
    ],
)
def test_arguments_have_kinds(refused, call: str, given: str) -> None:
    error = refused(call, "9x9x3")
    assert error.code == "N207" and f"not {given}" in error.diagnostics[0].message


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        ("conv_transpose(4, 3, stride=2147483647)", "9x9x3"),
        ("conv(2147483647, 1) | flatten", "9x9x3"),
        ("conv(2147483647, 3) | conv(2147483647, 3)", "9x9x3"),
        ("relu", "65536x65536x65536x65536"),
    ],
)
def test_sizes_and_products_beyond_the_limits_are_refused(refused, call: str, shape: str) -> None:
    assert refused(call, shape).code == "N306"


def test_a_product_beyond_32_bits_is_right() -> None:
    layer = make(CONV, {"filters": 65536, "kernel": 1, "bias": False})
    assert layer.macs((65536, 65536, 4)).value == 65536 * 65536 * 65536 * 4
