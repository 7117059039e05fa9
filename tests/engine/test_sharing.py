"""Shared tensors on the engine: a Siamese net's values, gradients and statistics are those of the reference."""

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.lower import lower
from netdsl.graph.weights import Weights
from netdsl.ops.expression import operands
from netdsl.reference import run_net, run_ops
from netdsl.training.optimise.optimiser import Sgd

# Two sizes of one tower: its second convolution is Winograd's on the left, and too small for that on the right.
SIAMESE = """
block tower(w) { conv(w, 3x3, pad=same, bias=false) | batchnorm | relu | maxpool(2x2) | conv(w, 3x3, pad=same) }
net Siamese {
  input left: 16x16x2
  input right: 8x8x2
  a: from left | tower(16)
  l: global_avgpool
  b: from right | tower(16, share=a)
  r: global_avgpool
  sub(l, r) | dense(1)
}
"""
RULE = Sgd(lr=0.05, momentum=0.9, decay=1e-3)


def squares(build, values):
    """The mean over images of the squared distance."""
    x0, x1 = operands(2)
    (y,) = values.values()
    total = build.add("reduce", build.map(x0 * x0, y), axes=(0, 1), keep=False)
    return build.map(x0 * x1, total, build.inverse_batch())


@pytest.fixture
def net():
    return netdsl.parse(SIAMESE)


def images(count):
    rng = np.random.default_rng(3)
    return {name: rng.normal(size=(count, n, n, 2)).astype(np.float32) for name, n in (("left", 16), ("right", 8))}


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("batch", [1, 16])
def test_inference_is_that_of_the_layers(net, isa, batch):
    weights, x = net.initialise(5), images(batch)
    expected = run_net(net, weights, x, dtype=np.float64)[next(iter(net.outputs.values()))]
    np.testing.assert_allclose(netdsl.compile(net, weights, batch=batch, isa=isa)(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("isa", isas())
def test_a_step_changes_every_shared_tensor_as_the_reference_does(net, isa):
    rule = {"wrt": list(net.learned), "loss": squares, "update": RULE.update}
    weights, x = Weights(dict(net.initialise(5))), images(16)
    program = lower(net, training=True, **rule)
    slots = {v.name: np.zeros(v.shape) for v in program.values.values() if v.role == "state" and v.name not in weights}
    given = {**weights, **slots, **x, "seed": 1, **RULE.scalars(1)}
    expected = run_ops(program, given, dtype=np.float64).assigned
    netdsl.compile(net, weights, batch=16, isa=isa, **rule).step(x, seed=1, **RULE.scalars(1))
    assert expected.keys() == set(weights)
    for name, array in expected.items():
        np.testing.assert_allclose(weights[name], array, rtol=1e-3, atol=1e-5, err_msg=name)


def test_the_gradient_of_a_shared_tensor_is_the_sum_over_its_uses(net):
    apart = netdsl.parse(SIAMESE.replace(", share=a", ""))
    weights, x = dict(net.initialise(5)), images(4)
    copied = weights | {name.replace("a.", "b.", 1): array for name, array in weights.items() if name[:2] == "a."}

    def gradients(of, arrays):
        program = lower(of, training=True, loss=squares, wrt=list(of.learned))
        return run_ops(program, arrays | x, dtype=np.float64)

    shared, own = gradients(net, weights), gradients(apart, copied)
    for name in net.learned:
        terms = [own[f"gradient of {name}"]]
        terms += [own[f"gradient of {name.replace('a.', 'b.', 1)}"]] if name.startswith("a.") else []
        np.testing.assert_allclose(shared[f"gradient of {name}"], sum(terms), rtol=1e-9, atol=1e-12)


def test_moving_statistics_of_a_shared_layer_move_once_for_each_use(net):
    weights, x = dict(net.initialise(5)), images(4)
    program = lower(net, training=True, loss=squares, wrt=[])
    moved = run_ops(program, weights | x, dtype=np.float64).assigned["a.batchnorm_1.mean"]
    values = run_net(net, weights, x, dtype=np.float64)
    left, right = (values[f"{tower}.conv_1"].mean(axis=(0, 1, 2)) for tower in "ab")
    np.testing.assert_allclose(moved, 0.9 * 0.1 * left + 0.1 * right, rtol=1e-9, atol=1e-12)


def test_a_plan_file_of_a_siamese_net_holds_each_tensor_once(net, tmp_path):
    program, x = netdsl.compile(net, batch=2), images(2)
    program.save(tmp_path / "siamese.plan")
    np.testing.assert_array_equal(netdsl.load_plan(tmp_path / "siamese.plan")(x), program(x))


# One tensor, read in two forms.
FORMS = {
    "two sizes of Winograd's tiles": """
net Towers {
  input image: 26x20x48
  a: conv(48, 3x3, pad=1)
  b: maxpool(2x2) | conv(48, 3x3, pad=1, share=a)
}
""",
    "taps in two orders": """
net Spread {
  input image: 9x9x8
  a: conv_transpose(8, 3x3, stride=2)
  b: conv_transpose(8, 3x3, stride=3, share=a)
}
""",
}


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_tensor_is_kept_in_every_form_that_is_read(text, isa):
    net = netdsl.parse(text)
    weights, rng = net.initialise(1), np.random.default_rng(0)
    x = rng.normal(size=(2, *net.nodes["image"].shape)).astype(np.float32)
    expected = run_net(net, weights, {"image": x}, dtype=np.float64)[next(iter(net.outputs.values()))]
    program = netdsl.compile(net, weights, batch=2, isa=isa)
    assert len({step.op.partition(" = ")[0] for step in program.plan.prepare_steps}) >= 2
    assert np.linalg.norm(program(x) - expected) <= 1e-5 * np.linalg.norm(expected)
