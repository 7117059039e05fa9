"""Every example of every layer on the engine, on every instruction set, against its float64 `forward`."""

from __future__ import annotations

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
import netdsl.layers
from netdsl.compiler.lower import lower
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.net import Net
from netdsl.graph.weights import Weights
from netdsl.layers.base import REGISTRY, example_text
from netdsl.ops.expression import operands
from netdsl.ops.op import Build, Value
from netdsl.reference import run_net, run_ops
from netdsl.shapes import Shape, format_shape

EXAMPLES = [
    pytest.param(call, shapes, id=f"{call} of {' '.join(map(format_shape, shapes))}")
    for layer in REGISTRY.values()
    for call, shapes in layer.examples
]


every_example = pytest.mark.parametrize(("call", "shapes"), EXAMPLES)


def net_of(call: str, shapes: tuple[Shape, ...]) -> Net:
    """A net of one layer, `y`, on inputs `x0` …"""
    return netdsl.parse(example_text(call, shapes))


def arrays_of(net: Net, images: int = 3) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Tensors in which nothing is 0 or 1 by default, and images."""
    rng = np.random.default_rng(3)
    tensors = {n: (a + rng.uniform(0.1, 0.5, a.shape)).astype(np.float32) for n, a in initial_arrays(net, 3).items()}
    return tensors, {n: rng.normal(size=(images, *net.nodes[n].shape)).astype(np.float32) for n in net.inputs}


@pytest.mark.parametrize("isa", isas())
@every_example
def test_engine_gives_what_forward_gives(call: str, shapes: tuple[Shape, ...], isa: str) -> None:
    net = net_of(call, shapes)
    tensors, arrays = arrays_of(net)
    expected = run_net(net, tensors, arrays, dtype=np.float64)["y"]
    found = netdsl.compile(net, Weights(tensors), batch=2, isa=isa)(arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("images", [3, 17])  # 17 fill the lanes, and one is left
@pytest.mark.parametrize("isa", isas())
@every_example
def test_engine_gives_the_gradients_of_the_operations(
    call: str, shapes: tuple[Shape, ...], isa: str, images: int
) -> None:
    net = net_of(call, shapes)
    tensors, arrays = arrays_of(net, images)
    arrays["weights"] = np.random.default_rng(5).normal(size=(images, *net.nodes["y"].shape)).astype(np.float32)
    rule = {"loss": weighted, "wrt": [n for n, p in net.tensors.items() if p.role == "param"] + list(net.inputs)}
    program = netdsl.compile(net, Weights(tensors), batch=images, isa=isa, **rule)
    found = program.step(arrays, step=1, seed=2)
    exact = run_ops(lower(net, training=True, **rule), {**tensors, **arrays, "step": 1, "seed": 2}, dtype=np.float64)
    for name in rule["wrt"]:
        gradient = exact[f"gradient of {name}"]
        assert np.linalg.norm(found[name] - gradient) <= 1e-5 * np.linalg.norm(gradient) + 1e-6, name


def weighted(build: Build, outputs: dict[str, Value]) -> Value:
    """Σ weights·y."""
    (y,), (x0, x1) = outputs.values(), operands(2)
    return build.add(
        "reduce", build.map(x0 * x1, y, build.input("weights", y.shape)), axes=tuple(range(len(y.shape))), keep=False
    )
