"""Nets whose layers move, pool and merge, forward and in training: the engine against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.lower import lower
from netdsl.ops.expression import operands
from netdsl.ops.op import Build, Value
from netdsl.reference import run_ops

IMAGES = 17  # one more than the lanes
EXCITED = """
  mul {{
    - id
    - global_avgpool | dense(4, act=relu) | dense({c}, act=sigmoid)
  }}
  global_avgpool | dense(3)
"""
BODIES = {
    "squeeze and excite": "input x: 9x8x20; conv(24, 3x3, pad=same)" + EXCITED.format(c=24),
    "squeeze and excite of few channels": "input x: 9x8x3; conv(6, 3x3, pad=same)" + EXCITED.format(c=6),
    "a volume": """
        input x: 9x12x10x3
        conv(5, 3x3x2, pad=same, act=relu) | maxpool(2x2x2) | conv(20, 2) | avgpool((1, 2, 2), ceil=true)
        conv_transpose(4, 2, stride=2) | sumpool(2) | minpool(1x2x1) | global_maxpool | dense(3)""",
    "a sequence": """
        input x: 24x8
        conv(6, 3, pad=causal) | maxpool(2) | dense(5, act=relu) | conv(7, 2, dilation=2)
        avgpool(3, stride=2, pad=1, count_pad=true) | flatten | dense(4)""",
    "trainable pooling": """
        input x: 24x24x3
        conv(6, 5x5) | subsample(2x2, act=scaled_tanh) | conv(16, 5x5, table=lenet_c3)
        subsample(2x2, act=scaled_tanh) | dense(4)""",
    "down and up": """
        input x: 16x16x3
        a: conv(6, 3x3, pad=same, act=relu)
        maxpool(2x2) | conv(12, 3x3, pad=same) | upsample(2, mode=bilinear)
        concat(a, _)
        conv(4, 3x3) | adaptive_avgpool(5x4) | permute((2, 0, 1)) | flatten | dense(3)""",
    "separable": """
        input x: 12x12x16
        separable(32, 3x3, pad=same, act=relu) | depthwise(3x3, stride=2, pad=1)
        s: separable(40, 3x3, multiplier=2)
        upsample(2)
        crop(like=s)
        concat(s, _, axis=0)
        global_avgpool | dense(3)""",
    "a highway": """
        input x: 12
        gate {
          - dense(12, act=relu)
          - dense(12, act=sigmoid)
          - id
        }
        complement | dense(3)""",
}
every_net = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)


def weighted(build: Build, outputs: dict[str, Value]) -> Value:
    """Σ weights·y."""
    (y,), (x0, x1) = outputs.values(), operands(2)
    scaled = build.map(x0 * x1, y, build.input("weights", y.shape))
    total: Value = build.add("reduce", scaled, axes=tuple(range(len(y.shape))), keep=False)
    return total


@pytest.mark.parametrize("isa", isas())
@every_net
def test_forward_and_gradients(body: str, isa: str) -> None:
    net = netdsl.parse(f"net E {{\n{body}\n}}")
    weights, rng = net.initialise(seed=1), np.random.default_rng(0)
    (out,) = net.outputs.values()
    arrays = {name: rng.normal(size=(IMAGES, *net.nodes[name].shape)).astype(np.float32) for name in net.inputs}
    shape = (IMAGES, *net.nodes[out].shape)
    given = arrays | {"weights": rng.normal(size=shape).astype(np.float32)}
    rule = {"loss": weighted, "wrt": [*net.tensors, *net.inputs]}
    exact = run_ops(lower(net, training=True, **rule), {n: weights[n] for n in net.tensors} | given, dtype=np.float64)
    found = netdsl.compile(net, weights, batch=IMAGES, isa=isa, **rule).step(given)
    for name in rule["wrt"]:
        gradient = exact[f"gradient of {name}"]
        assert np.linalg.norm(found[name] - gradient) <= 1e-5 * np.linalg.norm(gradient), name
    y = netdsl.compile(net, weights, batch=4, isa=isa)(arrays)
    np.testing.assert_allclose(y, exact[out], rtol=1e-5, atol=1e-5 * np.abs(exact[out]).max())


@every_net
def test_no_step_is_done_by_python(body: str) -> None:
    plan = netdsl.compile(netdsl.parse(f"net E {{\n{body}\n}}"), batch=IMAGES).plan
    assert not [step for step in plan.describe() if step["host"]]


@every_net
def test_bits_do_not_depend_on_batch_and_threads(body: str) -> None:
    net = netdsl.parse(f"net E {{\n{body}\n}}")
    weights = net.initialise(seed=1)
    (name,) = net.inputs
    x = np.random.default_rng(0).normal(size=(IMAGES, *net.nodes[name].shape)).astype(np.float32)
    runs = [netdsl.compile(net, weights, batch=b, threads=t)(x).tobytes() for b, t in ((1, 1), (IMAGES, 2), (32, 1))]
    assert len(set(runs)) == 1
