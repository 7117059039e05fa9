"""Every example of every layer on the engine, on every instruction set, against its float64 `forward`."""

from __future__ import annotations

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
import netdsl.layers
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.weights import Weights
from netdsl.layers.base import REGISTRY
from netdsl.reference import run_net
from netdsl.shapes import Shape, format_shape

EXAMPLES = [
    pytest.param(call, shapes, id=f"{call} of {' '.join(map(format_shape, shapes))}")
    for layer in REGISTRY.values()
    for call, shapes in layer.examples
]


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize(("call", "shapes"), EXAMPLES)
def test_engine_gives_what_forward_gives(call: str, shapes: tuple[Shape, ...], isa: str) -> None:
    inputs = "\n".join(f"input x{k}: {format_shape(shape)}" for k, shape in enumerate(shapes))
    name, _, rest = call.partition("(")
    given = ", ".join(f"x{k}" for k in range(len(shapes)))
    merge = f"{name}({given}, {rest}" if rest else f"{name}({given})"
    net = netdsl.parse(f"net Example {{\n{inputs}\ny: {merge if len(shapes) > 1 else call}\n}}")
    rng = np.random.default_rng(3)
    tensors = {n: (a + rng.uniform(0.1, 0.5, a.shape)).astype(np.float32) for n, a in initial_arrays(net, 3).items()}
    arrays = {n: rng.normal(size=(3, *net.nodes[n].shape)).astype(np.float32) for n in net.inputs}
    expected = run_net(net, tensors, arrays, dtype=np.float64)["y"]
    found = netdsl.compile(net, Weights(tensors), batch=2, isa=isa)(arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
