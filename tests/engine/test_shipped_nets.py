"""Every shipped net on the engine, as small as its parameters allow, against the reference in float64."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import netdsl
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.net import Net
from netdsl.graph.weights import Weights
from netdsl.language.check import shipped_names
from netdsl.reference import run_net

SMALL: dict[str, dict[str, object]] = {
    "alexnet": {"size": 67, "classes": 7},
    "alexnet_torchvision": {"size": 63, "classes": 7},
    "densenet121": {"size": 64, "classes": 7},
    "dilated_causal": {"T": 70},
    "googlenet": {"size": 64, "classes": 7, "aux": False},
    "inception_v2": {"size": 64, "classes": 7},
    "inception_v3": {"size": 91, "classes": 7},
    "resnet18": {"size": 64, "classes": 7},
    "resnet34": {"size": 64, "classes": 7},
    "resnet50": {"size": 64, "classes": 7, "stride_on": 1, "bias": True},
    "resnet101": {"size": 64, "classes": 7},
    "resnet152": {"size": 64, "classes": 7},
    "resnext50": {"size": 64, "classes": 7},
    "se_resnet50": {"size": 64, "classes": 7},
    "squeezenet": {"size": 64, "classes": 7},
    "unet": {"size": 48, "padded": True, "classes": 3},
    "vgg16": {"size": 32, "classes": 7},
    "vgg19": {"size": 32, "classes": 7},
    "wide_resnet50": {"size": 64, "classes": 7},
    "zfnet": {"size": 63, "classes": 7},
}


@cache
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


@pytest.mark.parametrize("name", shipped_names())
def test_outputs_and_what_they_are_made_of_equal_the_reference(name: str) -> None:
    net, tensors, inputs = case(name)
    wanted = list(dict.fromkeys(p for out in net.outputs.values() for p in (*net.nodes[out].inputs, out)))
    program = netdsl.compile(net, Weights(dict(tensors)), batch=2, want=wanted)
    assert not any(row["host"] for row in program.plan.describe())
    expected = run_net(net, tensors, inputs, dtype=np.float64)
    found = program(*inputs.values())
    errors = {path: relative_l2(found[path], expected[path]) for path in wanted}
    assert max(errors.values()) <= 1e-5, errors
