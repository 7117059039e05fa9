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
from netdsl.layers.base import REGISTRY
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
    inputs = "\n".join(f"input x{k}: {format_shape(shape)}" for k, shape in enumerate(shapes))
    name, _, rest = call.partition("(")
    given = ", ".join(f"x{k}" for k in range(len(shapes)))
    merge = f"{name}({given}, {rest}" if rest else f"{name}({given})"
    return netdsl.parse(f"net Example {{\n{inputs}\ny: {merge if len(shapes) > 1 else call}\n}}")


def arrays_of(net: Net) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Tensors in which nothing is 0 or 1 by default, and three images."""
    rng = np.random.default_rng(3)
    tensors = {n: (a + rng.uniform(0.1, 0.5, a.shape)).astype(np.float32) for n, a in initial_arrays(net, 3).items()}
    return tensors, {n: rng.normal(size=(3, *net.nodes[n].shape)).astype(np.float32) for n in net.inputs}


@pytest.mark.parametrize("isa", isas())
@every_example
def test_engine_gives_what_forward_gives(call: str, shapes: tuple[Shape, ...], isa: str) -> None:
    net = net_of(call, shapes)
    tensors, arrays = arrays_of(net)
    expected = run_net(net, tensors, arrays, dtype=np.float64)["y"]
    found = netdsl.compile(net, Weights(tensors), batch=2, isa=isa)(arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("isa", isas())
@every_example
def test_engine_gives_the_gradients_of_the_operations(call: str, shapes: tuple[Shape, ...], isa: str) -> None:
    net = net_of(call, shapes)
    tensors, arrays = arrays_of(net)
    arrays["weights"] = np.random.default_rng(5).normal(size=(3, *net.nodes["y"].shape)).astype(np.float32)
    rule = {"loss": weighted, "wrt": [n for n, p in net.tensors.items() if p.role == "param"] + list(net.inputs)}
    program = netdsl.compile(net, Weights(tensors), batch=3, isa=isa, **rule)
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
