"""The choice of an algorithm follows from the shape of one image."""

import pytest

import netdsl
from netdsl.compiler.lower import lower
from netdsl.compiler.passes import rewrite
from netdsl.compiler.passes.choose import choose_algorithms
from netdsl.compiler.winograd import size_of
from netdsl.ops.op import BATCH, Build


def chosen(size: str, call: str, algorithm: str = "auto") -> list[str]:
    net = netdsl.parse(f"net A {{\ninput x: {size}\n{call}\n}}")
    found = choose_algorithms(rewrite(lower(net)), algorithm).ops
    return [str(size_of(op)) if op.get("algorithm") == "winograd" else op.get("algorithm", "direct") for op in found]


@pytest.mark.parametrize("size", ["7x7x16", "40x7x512"])
def test_3x3_of_stride_1_takes_winograd_from_16_channels_and_6_pixels(size: str) -> None:
    assert chosen(size, "conv(16, 3x3, pad=same)") == ["F(4x4, 3x3)"]


@pytest.mark.parametrize(
    ("size", "outputs", "expected"),
    [
        ("224x224x64", 64, "F(6x6, 3x3)"),
        ("12x12x64", 64, "F(6x6, 3x3)"),
        ("56x56x64", 64, "F(4x4, 3x3)"),  # 100 tiles of 64 products, beside 196 of 36
        ("64x64x256", 512, "F(6x6, 3x3)"),
        ("64x64x256", 513, "F(4x4, 3x3)"),  # 33 MiB of transformed weights
        ("64x64x257", 64, "F(4x4, 3x3)"),  # as exact as the bound asks for up to 256
    ],
)
def test_large_tiles_are_for_maps_that_they_fill_and_weights_that_stay_near(size: str, outputs: int, expected) -> None:
    assert chosen(size, f"conv({outputs}, 3x3, pad=same)") == [expected]


def test_5x5_of_stride_1_takes_winograd_from_13_pixels() -> None:
    assert chosen("13x40x16", "conv(16, 5x5, pad=same)") == ["F(4x4, 5x5)"]


@pytest.mark.parametrize(
    ("size", "call"),
    [
        ("5x40x16", "conv(16, 3x3, pad=same)"),
        ("40x40x15", "conv(16, 3x3, pad=same)"),
        ("40x40x16", "conv(15, 3x3, pad=same)"),
        ("12x40x16", "conv(16, 5x5, pad=same)"),
        ("40x40x16", "conv(16, 7x7, pad=same)"),
        ("40x40x16", "conv(16, 3x3, stride=2)"),
        ("40x40x16", "conv(16, 3x3, dilation=2)"),
        ("40x40x32", "conv(32, 3x3, groups=2)"),
    ],
)
def test_all_else_is_direct(size: str, call: str) -> None:
    assert chosen(size, call) == ["direct"]


@pytest.mark.parametrize(
    ("shape", "outputs", "pad", "expected"),
    [
        ((13, 40, 16), 16, (1, 1, 1, 1), "winograd"),
        ((12, 40, 16), 64, (1, 1, 1, 1), "direct"),
        ((8, 8, 64), 64, (0, 0, 0, 0), "winograd"),
        ((7, 7, 64), 64, (0, 0, 0, 0), "direct"),
        ((40, 40, 15), 16, (1, 1, 1, 1), "direct"),
        ((40, 40, 16), 15, (1, 1, 1, 1), "direct"),
    ],
)
def test_the_gradient_of_a_weight_takes_winograd_from_13_pixels_of_its_output_with_64_channels_from_6(
    shape, outputs, pad, expected
) -> None:
    build, geometry = Build(), {"kernel": (3, 3), "stride": (1, 1), "dilation": (1, 1), "groups": 1, "pad": pad}
    h, w = (shape[i] + pad[i] + pad[i + 2] - 2 for i in (0, 1))
    x, dy = build.input("x", (BATCH, *shape)), build.input("dy", (BATCH, h, w, outputs))
    build.outputs["dw"] = build.add("conv_dw", x, dy, **geometry).id
    assert [op.get("algorithm", "direct") for op in choose_algorithms(build.finish()).ops] == [expected]


def test_direct_refuses_winograd() -> None:
    assert chosen("40x40x16", "conv(16, 3x3)", "direct") == ["direct"]


def test_the_program_says_so() -> None:
    net = netdsl.parse("net A {\ninput x: 16x16x16\ny: conv(16, 3x3, bias=false)\n}")
    assert str(choose_algorithms(rewrite(lower(net)))).startswith(
        "y = conv(x, y.weight, algorithm=winograd, dilation=1x1"
    )
