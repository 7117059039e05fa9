"""Every window that is worked out is what the layer's own formula gives."""

import numpy as np
import pytest

from netdsl.explain.trace import trace
from netdsl.language.load import parse

BODIES = [
    "input x: 7x8x4; C: conv(6, 3x2, stride=2, pad=same, groups=2)",
    "input x: 9x9x2; C: conv(3, 3x3, dilation=2, flip=true, act=tanh)",
    "input x: 7x7x3; C: conv(2, 3x2, table=[[0, 2], [1]], flip=true)",
    "input x: 11x3; C: conv(2, 3, dilation=3, pad=causal)",
    "input x: 4x5x6x2; C: conv(2, 2x3x2)",
    "input x: 7x7x2; C: maxpool(3x3, stride=2, pad=1, ceil=true)",
    "input x: 7x7x2; C: avgpool(3x3, stride=2, pad=1, ceil=true, count_pad=true)",
    "input x: 7x6x2; C: avgpool(3x3, stride=2, pad=same)",
    "input x: 6x6x1; C: sumpool(2x2)",
    "input x: 9x2; C: minpool(3)",
    "input x: 6x6x2; C: conv(3, 3x3, act=softmax)",
]


@pytest.mark.parametrize("body", BODIES)
def test_sums_are_what_the_engine_gives(body):
    net = parse(f"net W {{ {body} }}")
    x = np.random.default_rng(3).normal(size=net.nodes["x"].shape)
    found = trace(net, "C", net.initialise(5), {"x": x})
    act = getattr(net.nodes["C"].layer, "act", "none")
    assert found.close
    assert len(found.steps) + found.left == found.output.size
    for step in found.steps:
        value = step.biased / (step.divisor or 1)
        expected = np.tanh(value) if act == "tanh" else value if act == "none" else step.result
        assert step.result == pytest.approx(expected, abs=1e-12)
        assert found.output[(*step.position, step.channel)] == pytest.approx(step.result, abs=1e-5)


def test_what_a_node_reads_comes_from_the_engine():
    net = parse("net W { input x: 8x8x1; conv(2, 3x3, act=relu); C: conv(1, 3x3) }")
    x = np.random.default_rng(3).normal(size=(8, 8, 1))
    found = trace(net, "C", net.initialise(5), {"x": x}, at=(1, 2))
    assert (len(found.steps), found.left) == (1, 0)
    assert (found.input >= 0).all()
