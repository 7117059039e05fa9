"""Whole nets through lowering, differentiation and every pass, against the layers' own NumPy in float64."""

import numpy as np
import pytest

from netdsl.compiler.lower import lower
from netdsl.compiler.passes import rewrite
from netdsl.language.load import parse
from netdsl.ops.expression import operands
from netdsl.reference import run_net, run_ops

RESIDUAL = """
net Residual {
  input image: 7x6x2
  conv(4, 3x3, pad=same, bias=false) | batchnorm | relu
  add(act=relu) {
    - conv(6, 3x3, pad=1, stride=2, bias=false) | batchnorm
    - conv(6, 1x1, stride=2)
  }
  global_avgpool | dense(3, act=softmax)
}
"""
BRANCHES = """
net Branches {
  input image: 6x7x2
  maxpool(3x3, stride=2, ceil=true) | lrn(3, alpha=0.5)
  concat {
    - conv(3, 1x1, act=leaky_relu)
    - avgpool(3x3, stride=1, pad=same) | conv(2, 1x1, act=tanh)
  }
  conv_transpose(2, 2x2, stride=2, act=relu6)
}
"""
NETS = {"residual": RESIDUAL, "branches": BRANCHES}


@pytest.fixture(params=NETS)
def net(request):
    return parse(NETS[request.param])


def arrays_of(net):
    rng = np.random.default_rng(4)
    weights = {k: rng.normal(0, 0.7, p.shape) for k, p in net.tensors.items()}
    weights |= {k: rng.uniform(0.5, 2, p.shape) for k, p in net.tensors.items() if p.name == "var"}
    return weights, {"image": rng.normal(size=(3, *net.nodes["image"].shape))}


def squares(build, values):
    """Half the sum of squares of the outputs, the mean over images."""
    x0, x1 = operands(2)
    (y,) = values.values()
    total = build.add("reduce", build.map(x0 * x0 * 0.5, y), axes=tuple(range(len(y.shape))), keep=False)
    return build.map(x0 * x1, total, build.inverse_batch())


def test_every_node_has_the_value_of_its_layer(net):
    weights, images = arrays_of(net)
    expected = run_net(net, weights, images, dtype=np.float64)
    found = run_ops(rewrite(lower(net, want=tuple(net.nodes))), weights | images, dtype=np.float64)
    for path, y in expected.items():
        np.testing.assert_allclose(found[path], y, rtol=1e-9, atol=1e-12)


def test_passes_leave_the_outputs_alone(net):
    weights, images = arrays_of(net)
    expected = run_net(net, weights, images, dtype=np.float64)
    found = run_ops(rewrite(lower(net)), weights | images, dtype=np.float64)
    for name, path in net.outputs.items():
        np.testing.assert_allclose(found[name], expected[path], rtol=1e-9, atol=1e-12)


def test_inference_has_no_map_that_a_product_could_take():
    program = rewrite(lower(parse(RESIDUAL)))
    kinds = [op.kind for op in program.ops if op.phase == "forward"]
    assert kinds == ["conv", "conv", "conv", "reduce", "map", "dot", "softmax"]


@pytest.mark.parametrize("training", [False, True])
def test_gradients_are_central_differences(net, training):
    weights, images = arrays_of(net)
    names = [k for k, p in net.tensors.items() if p.role == "param"]
    program = rewrite(lower(net, training=training, loss=squares, wrt=names))
    found = run_ops(program, weights | images, dtype=np.float64)

    def loss(name, at, step):
        moved = {**weights, name: weights[name].copy()}
        moved[name][at] += step
        nodes = run_net(net, moved, images, dtype=np.float64, training=training)
        return sum(0.5 * (nodes[path] ** 2).sum() for path in net.outputs.values()) / 3

    for name in names:
        for at in list(np.ndindex(weights[name].shape))[:: max(1, weights[name].size // 4)]:
            numeric = (loss(name, at, 1e-6) - loss(name, at, -1e-6)) / 2e-6
            assert found[f"gradient of {name}"][at] == pytest.approx(numeric, rel=1e-4, abs=1e-7), name
