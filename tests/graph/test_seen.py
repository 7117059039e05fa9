"""Where a position looks, against the recurrence and against what changes the engine's result."""

import numpy as np
import pytest

from netdsl.graph.seen import seen
from netdsl.language.load import load, parse
from netdsl.reference import run_net


def size(spans) -> tuple[int, ...]:
    return tuple(high - low + 1 for low, high in spans)


def test_a_window_with_stride_and_padding_looks_here():
    net = parse("net S { input x: 9x9x1; y: conv(1, 3x3, stride=2, pad=1) }")
    assert seen(net, "y", (0, 0)) == {"x": ((-1, 1), (-1, 1))}
    assert seen(net, "y", (2, 4)) == {"x": ((3, 5), (7, 9))}


@pytest.mark.parametrize(("net", "node"), [("alexnet", "pool5"), ("vgg16", "pool[4]"), ("resnet18", "stage[3]")])
def test_its_size_is_the_receptive_field(net, node):
    net = load(net)
    path = node if node in net.nodes else [p for p in net.nodes if p.startswith(node)][-1]
    middle = tuple(n // 2 for n in net.nodes[path].shape[:-1])
    assert size(seen(net, path, middle)["image"]) == net.fields[path]


def test_a_vector_sees_all():
    assert seen(load("lenet5"), "F6", ()) == {"image": ((0, 31), (0, 31))}


def test_a_cropped_skip_is_seen_about_its_centre():
    net = parse("net S { input x: 9x9x1; a: conv(1, 5x5); concat(x, a, fit=crop); y: conv(1, 1x1) }")
    assert seen(net, "y", (0, 0)) == {"x": ((0, 4), (0, 4))}


CASES = [
    "y: conv(1, 3x3, stride=2, pad=same) | conv(1, 2x2, dilation=2)",
    "y: conv_transpose(1, 3x3, stride=2) | maxpool(2x2, ceil=true)",
    "a: conv(1, 3x3); b: conv(1, 5x5, pad=1); concat(a, b, fit=pad); y: conv(1, 1x1)",
    "pad((1, 0, 2, 0)); crop((0, 1, 1, 0)); slice(1, 7, axis=0); y: sumpool(3x3, stride=1)",
    "a: avgpool(3x3, stride=1, pad=same); add(x, a); y: conv(1, 2x2)",
    "g: global_avgpool; y: mul(x, g)",
]


@pytest.mark.parametrize("body", CASES)
def test_what_changes_a_position_lies_where_it_looks_and_fills_it(body):
    net = parse(f"net S {{ input x: 10x11x1; {body} }}")
    rng = np.random.default_rng(1)
    weights = {name: rng.uniform(0.5, 1, param.shape) for name, param in net.tensors.items()}
    x = rng.uniform(1, 2, (1, 10, 11, 1))
    path = next(iter(net.outputs.values()))
    at = tuple(n // 2 for n in net.nodes[path].shape[:-1])
    plain = run_net(net, weights, {"x": x}, dtype=np.float64)[path]
    changed = np.zeros((10, 11), bool)
    for place in np.ndindex(10, 11):
        other = x.copy()
        other[(0, *place, 0)] += 100
        changed[place] = run_net(net, weights, {"x": other}, dtype=np.float64)[path][(0, *at)] != plain[(0, *at)]
    (top, bottom), (left, right) = seen(net, path, at)["x"]
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (max(top, 0), min(bottom, 9)) == (rows[0], rows[-1])
    assert (max(left, 0), min(right, 10)) == (columns[0], columns[-1])
