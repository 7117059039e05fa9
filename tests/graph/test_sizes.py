"""The sizes for which nets are valid, against shapes of the same net at every size."""

import pytest

from netdsl.errors import NetError
from netdsl.graph.sizes import valid_sizes
from netdsl.language.load import load, parse
from netdsl.report.sizes import as_json, law, lines
from netdsl.symbolic.size import at

NETS = {
    "strided": "conv(4, 5x5, stride=3) | maxpool(3x3, stride=2, pad=1) | conv(4, 3x3)",
    "skipping": "conv(4, 1x1, stride=2) | avgpool(2x2) | conv(4, 3x3, dilation=2)",
    "same": "conv(4, 3x3, stride=2, pad=same) | maxpool(3x3, stride=2, pad=same) | avgpool(2x2)",
    "ceil": "maxpool(2x2, ceil=true) | maxpool(3x3, stride=2)",
    "up": "a: maxpool(2x2)\nmaxpool(3x3) | conv_transpose(4, 3x3, stride=3)\nconcat(a, _)",
    "cropped": "a: conv(4, 3x3)\nmaxpool(4x4) | conv_transpose(4, 4x4, stride=4)\nconcat(a, _, fit=crop)",
    "tied": "conv(4, 3x3, stride=2) | flatten | dense(3)",
}


def text(name, size):
    return f"net A {{\n input image: {size}x{size}x3\n{NETS[name]}\n}}"


def is_seen_whole(net):
    """Whether no window that could see every pixel leaves some out at the end."""
    for node in net:
        if (
            hasattr(node.layer, "axes")
            and not getattr(node.layer, "ceil", False)
            and "transpose" not in node.layer.keyword
        ):
            for a in node.layer.axes(*net.input_shapes(node.path)):
                reach = a.dilation * (a.kernel - 1) + 1
                if reach >= a.stride and (a.out.value - 1) * a.stride + reach < a.size + a.pad[0]:
                    return False
    return True


def is_valid(name, size, like):
    try:
        net = parse(text(name, size))
    except NetError:
        return False
    shapes = {k: p.shape for k, p in net.tensors.items()}
    return is_seen_whole(net) and shapes == {k: p.shape for k, p in like.tensors.items()}


@pytest.mark.parametrize("name", NETS)
def test_valid_sizes_are_those_that_check_one_by_one(name):
    net = parse(text(name, 48))
    found = valid_sizes(net)
    (side,) = found.sides
    for size in range(1, 100):
        assert side.symbol.allows(size) == is_valid(name, size, net), size
        if side.symbol.allows(size):
            one = parse(text(name, size))
            assert {p: at(s, {"H": size}) for p, s in found.shapes.items()} == {n.path: n.shape for n in one}


def test_unet_takes_16k_and_124():
    found = valid_sizes(load("unet"))
    (side,) = found.sides
    assert law(side) == "H = 16k + 124, k ≥ 4" and side.smallest == "bottom.conv_2"
    shown = [(e["image"][0], e["conv_1"][0]) for e in as_json(found)["examples"]]
    assert shown == [(188, 4), (204, 20), (220, 36), (236, 52), (572, 388)]


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("unet", {"padded": True, "size": 256}, "H = 16k, k ≥ 1"),
        ("lenet5", {}, "H = 32"),
        ("alexnet", {}, "H = 227"),
        ("resnet50", {}, "H ≥ 1"),
        ("googlenet", {"aux": False}, "H ≥ 1"),
    ],
)
def test_laws_of_shipped_nets(name, settings, expected):
    (side,) = valid_sizes(load(name, **settings)).sides
    assert law(side) == expected


def test_a_net_of_stride_32_takes_its_multiples():
    down = "(conv(4, 3x3, stride=2, pad=same) | relu) * 5"
    body = f"a: conv(2, 3x3, pad=same)\n{down}\nconv_transpose(2, 32x32, stride=32)\nadd(a, _)"
    (side,) = valid_sizes(parse(f"net A {{\n input image: 224x224x3\n{body}\n}}")).sides
    assert law(side) == "H = 32k, k ≥ 1" and side.smallest == "conv_6"


def test_sides_that_differ_are_solved_each():
    found = valid_sizes(parse("net A {\n input image: 32x48x3\n conv(4, 3x5) | maxpool(2x3)\n global_avgpool\n}"))
    assert [law(side) for side in found.sides] == ["H = 2k + 2, k ≥ 1", "W = 3k + 4, k ≥ 1"]


def test_vectors_have_no_sides():
    assert "no sides" in next(lines(valid_sizes(parse("net A {\n input x: 8\n dense(3)\n}"))))


def test_a_reshape_keeps_the_size_of_the_net():
    (side,) = valid_sizes(parse("net A {\n input x: 8x8x2\n relu | reshape(4x4x8) | conv(2, 3x3)\n}")).sides
    assert law(side) == "H = 8" and side.symbol.demands[-1].path == "reshape_1"
