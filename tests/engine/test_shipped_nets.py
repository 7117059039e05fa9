"""Every shipped net on the engine, as small as its parameters allow, against the reference in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import netdsl
from netdsl.compiler.lower import lower
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.net import Net
from netdsl.graph.weights import Weights
from netdsl.language.check import shipped_names
from netdsl.ops.expression import operands
from netdsl.ops.op import Build, Value
from netdsl.reference import run_net, run_ops
from netdsl.training.optimise.loss import CrossEntropy, objective_for
from netdsl.training.optimise.optimiser import Sgd

SMALL: dict[str, dict[str, object]] = {
    "alexnet": {"size": 67, "classes": 7},
    "alexnet_torchvision": {"size": 63, "classes": 7},
    "densenet121": {"size": 64, "classes": 7},
    "dilated_causal": {"T": 70},
    "efficientnet_b0": {"size": 64, "classes": 7},
    "efficientnet_lite0": {"size": 64, "classes": 7},
    "fcn8": {"size": 32, "classes": 3, "hidden": 64},
    "googlenet": {"size": 64, "classes": 7, "aux": False},
    "hed": {"size": 32},
    "inception_v2": {"size": 64, "classes": 7},
    "inception_v3": {"size": 91, "classes": 7},
    "mobilenet_v1": {"size": 64, "classes": 7},
    "mobilenet_v2": {"size": 64, "classes": 7},
    "resnet18": {"size": 64, "classes": 7},
    "resnet34": {"size": 32, "classes": 7},
    "resnet50": {"size": 64, "classes": 7, "stride_on": 1, "bias": True},
    "resnet101": {"size": 32, "classes": 7},
    "resnet152": {"size": 32, "classes": 7},
    "resnext50": {"size": 64, "classes": 7},
    "se_resnet50": {"size": 64, "classes": 7},
    "segnet": {"size": 64, "classes": 3},
    "shufflenet": {"size": 64, "classes": 7},
    "squeezenet": {"size": 64, "classes": 7},
    "unet": {"size": 48, "padded": True, "classes": 3},
    "vgg16": {"size": 32, "classes": 7},
    "vgg19": {"size": 32, "classes": 7},
    "wavenet": {"length": 40, "levels": 12, "channels": 8, "depth": 4, "skips": 16},
    "wide_resnet50": {"size": 32, "classes": 7},
    "zfnet": {"size": 63, "classes": 7},
}
ALIKE = {"resnet34", "resnet101", "resnet152", "vgg19", "wide_resnet50"}  # more of what a smaller net trains
SGD = Sgd(lr=0.01)


def case(name: str) -> tuple[Net, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Net, its first tensors with statistics and biases that are not trivial, two inputs."""
    net = netdsl.load(name, **SMALL.get(name, {}))
    rng = np.random.default_rng(5)
    tensors = initial_arrays(net, 1)
    for full, array in tensors.items():
        kind = full.rpartition(".")[2]
        if kind in ("gamma", "var"):
            tensors[full] = rng.uniform(0.5, 1.5, array.shape).astype(np.float32)
        elif kind in ("beta", "mean", "bias"):
            tensors[full] = rng.normal(0, 0.1, array.shape).astype(np.float32)
    inputs = {p: rng.normal(size=(2, *net.nodes[p].shape)).astype(np.float32) for p in net.inputs}
    return net, tensors, inputs


def relative_l2(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-30))


def steepness(net: Net, path: str, y: np.ndarray) -> float:
    """How much larger the relative error is than that of the logits: a softmax makes it of their absolute error."""
    if "softmax" not in net.nodes[path].layer.text():
        return 1.0
    logits = np.log(np.maximum(y, 1e-300))
    return float(max(1.0, np.max(np.ptp(logits, axis=-1))))


@pytest.mark.parametrize("name", shipped_names())
def test_outputs_and_what_they_are_made_of_equal_the_reference(name: str) -> None:
    net, tensors, inputs = case(name)
    wanted = list(dict.fromkeys(p for out in net.outputs.values() for p in (*net.nodes[out].inputs, out)))
    program = netdsl.compile(net, Weights(dict(tensors)), batch=2, want=wanted)
    assert not any(row["host"] for row in program.plan.describe())
    expected = run_net(net, tensors, inputs, dtype=np.float64)
    found = program(*inputs.values())
    errors = {path: relative_l2(found[path], expected[path]) / steepness(net, path, expected[path]) for path in wanted}
    assert max(errors.values()) <= 1e-5, errors


def squares(build: Build, values: dict[str, Value]) -> Value:
    """Half the sum of squares of the outputs and the heads, the mean over images."""
    x0, x1 = operands(2)
    parts = []
    for y in values.values():
        total = build.add("reduce", build.map(x0 * x0 * 0.5, y), axes=tuple(range(len(y.shape))), keep=False)
        parts.append(build.map(x0 * x1, total, build.inverse_batch()))
    while len(parts) > 1:
        parts.append(build.map(x0 + x1, parts.pop(), parts.pop()))
    return parts[0]


def training_of(net: Net) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What to train and by which loss, with the labels that this takes: cross-entropy of classes, else squares."""
    trained = [n for n, p in net.tensors.items() if p.role == "param"]
    (out,) = net.outputs.values()
    shape, layer = net.nodes[out].shape, net.nodes[out].layer
    if len(shape) > 1 or "softmax" not in layer.text():
        return {"wrt": trained, "loss": squares, "update": SGD.update}, {}
    labels = np.random.default_rng(6).integers(0, shape[-1], 2).astype(np.int32)
    loss = objective_for(net, {"": CrossEntropy()}, shape[-1]).lower
    return {"wrt": trained, "loss": loss, "update": SGD.update}, {"labels": labels}


@pytest.mark.parametrize("name", [name for name in shipped_names() if name not in ALIKE])
def test_training_step_equals_the_reference(name: str) -> None:
    net, tensors, inputs = case(name)
    rule, labels = training_of(net)
    given = inputs | labels
    program = lower(net, training=True, **rule)
    start = {v.name: np.zeros(v.shape) for v in program.values.values() if v.role == "state"} | tensors
    scalars = {"step": 1, "seed": 7, **SGD.scalars(1)}

    def change(after: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.concatenate([np.ravel(after[k] - tensors[k].astype(np.float64)) for k in rule["wrt"]])

    def numpy(dtype: type) -> np.ndarray:
        return change(run_ops(program, start | given | scalars, dtype=dtype).assigned)

    weights = Weights({k: v.copy() for k, v in tensors.items()})
    netdsl.compile(net, weights, batch=2, **rule).step(given, step=1, seed=7, **SGD.scalars(1))
    expected = numpy(np.float64)
    error = relative_l2(change(weights), expected)
    # Statistics over few pixels and many layers spread a rounding widely: then NumPy's own float32 is the measure.
    assert error <= 1e-3 or error <= 10 * relative_l2(numpy(np.float32), expected)
