"""Whole nets on the engine against the reference, node by node, on every instruction set."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.net import Net
from netdsl.graph.weights import Weights
from netdsl.reference import run_net

NETS = {
    "googlenet": {"size": 64, "aux": False, "classes": 17},
    "resnet50": {"size": 64, "classes": 17},
    "unet": {"size": 48, "padded": True, "classes": 3},
}
every_net = pytest.mark.parametrize("name", NETS)


@cache
def case(name: str) -> tuple[Net, dict[str, np.ndarray], np.ndarray, dict[str, np.ndarray]]:
    """Net, random tensors (gamma, beta, mean N(0,1), variances U(0.5, 2)), images, every node's value in float64."""
    net = netdsl.load(name, **NETS[name])
    rng = np.random.default_rng(11)
    tensors = initial_arrays(net, 1)
    for full in tensors:
        shape = tensors[full].shape
        if full.rpartition(".")[2] in ("gamma", "beta", "mean"):
            tensors[full] = rng.normal(size=shape).astype(np.float32)
        elif full.endswith(".var"):
            tensors[full] = rng.uniform(0.5, 2, shape).astype(np.float32)
        elif full.endswith(".bias"):
            tensors[full] = rng.normal(size=shape).astype(np.float32)
    x = rng.normal(size=(3, *net.nodes[net.inputs[0]].shape)).astype(np.float32)
    return net, tensors, x, run_net(net, tensors, {net.inputs[0]: x}, dtype=np.float64)


def relative_l2(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-30))


@every_net
@pytest.mark.parametrize("isa", isas())
def test_every_node_equals_the_reference(name: str, isa: str) -> None:
    net, tensors, x, expected = case(name)
    wanted = [path for path in net.nodes if path not in net.inputs]
    program = netdsl.compile(net, Weights(tensors), batch=3, want=wanted, isa=isa, threads=2)
    assert {row["isa"] for row in program.plan.describe()} == {isa}
    assert not any(row["host"] for row in program.plan.describe())
    found = program(x)
    errors = {path: relative_l2(found[path], expected[path]) for path in wanted}
    assert max(errors.values()) <= 1e-5, max(errors, key=lambda path: errors[path])


@every_net
def test_folded_and_fused_net_equals_the_reference(name: str) -> None:
    net, tensors, x, expected = case(name)
    found = netdsl.compile(net, Weights(tensors), batch=3)(x)
    assert relative_l2(found, expected[next(iter(net.outputs.values()))]) <= 1e-5


@every_net
def test_batch_and_threads_leave_the_bits_alone(name: str) -> None:
    net, tensors, x, _ = case(name)
    weights = Weights(tensors)
    images = np.concatenate([x] * 6)[:16]
    runs = [
        netdsl.compile(net, weights, batch=batch, threads=threads)(images)
        for batch, threads in ((1, 1), (3, 2), (16, 3), (16, 1))
    ]
    assert all(np.array_equal(run, runs[0]) for run in runs[1:])
