"""Layers that learn or normalise, between convolutions: inference and training steps, whichever way the batch lies."""

from __future__ import annotations

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.lower import lower
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.weights import Weights
from netdsl.reference import run_net, run_ops
from netdsl.training.optimise.loss import Mse, objective_for
from netdsl.training.optimise.optimiser import Sgd

CALLS = [
    "layernorm(act=relu)",
    "groupnorm(3)",
    "instancenorm(act=tanh)",
    "prelu",
    "noise(0.1)",
    "conv(16, 2x2, table=lenet_c3, act=relu)",
]
OPTIMIZER = Sgd(lr=0.1, momentum=0.9, decay=5e-4)
# No bias before a normalisation: its gradient is 0, and noise in float32.


def net_with(call: str) -> netdsl.Net:
    return netdsl.parse(f"""net E {{
        input image: 12x11x1
        conv(6, 3x3, bias=false) | maxpool(2x2)
        {call}
        conv(4, 2x2) | dense(9, act=tanh) | rbf(10)
    }}""")


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("call", CALLS)
def test_inference_is_that_of_forward_and_does_not_depend_on_the_batch(call: str, isa: str) -> None:
    net = net_with(call)
    weights, x = net.initialise(1), np.random.default_rng(4).normal(size=(19, 12, 11, 1)).astype(np.float32)
    expected = run_net(net, weights, {"image": x}, dtype=np.float64)["rbf_1"]
    found = [netdsl.compile(net, weights, batch=batch, isa=isa)(x) for batch in (1, 16)]
    np.testing.assert_allclose(found[0], expected, rtol=1e-4)
    assert np.array_equal(*found)


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("batch", "images"), [(4, 3), (16, 16), (32, 21)])
def test_a_training_step_equals_the_reference(call: str, batch: int, images: int, isa: str) -> None:
    net = net_with(call)
    rule = {"wrt": net.learned, "loss": objective_for(net, {"": Mse()}, 10).lower, "update": OPTIMIZER.update}
    arrays, rng = dict(initial_arrays(net, 2)), np.random.default_rng(4)
    weights = Weights(arrays)
    labels = np.eye(10, dtype=np.float32)[rng.integers(0, 10, images)]
    given = {"image": rng.normal(size=(images, 12, 11, 1)).astype(np.float32), "labels": labels}
    scalars = {"step": 1, "seed": 7, **OPTIMIZER.scalars(1)}
    netdsl.compile(net, weights, batch=batch, isa=isa, **rule).step(given, **scalars)
    program = lower(net, training=True, **rule)
    slots = {v.name: np.zeros(v.shape) for v in program.values.values() if v.role == "state"}
    for name, expected in run_ops(program, slots | arrays | given | scalars, dtype=np.float64).assigned.items():
        assert np.linalg.norm(weights[name] - expected) <= 1e-4 * np.linalg.norm(expected) + 1e-6, name
