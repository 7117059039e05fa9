"""Training steps on the engine, worked by hand."""

from __future__ import annotations

import numpy as np

import netdsl
from netdsl.graph.weights import Weights
from netdsl.ops.op import Build, Value
from netdsl.training.optimiser import Sgd


def total(build: Build, outputs: dict[str, Value]) -> Value:
    """Σ y, whose gradient is 1 everywhere."""
    (y,) = outputs.values()
    return build.add("reduce", y, axes=tuple(range(len(y.shape))), keep=False)


def stepped(call: str, x: object, **tensors: object) -> dict[str, np.ndarray]:
    """The tensors of one layer after a step of gradient descent on Σ y, at a rate of 0.1."""
    image = np.asarray(x, np.float32)[None]
    net = netdsl.parse(f"net E {{\ninput x: {'x'.join(map(str, image.shape[1:]))}\ny: {call}\n}}")
    weights = Weights({f"y.{name}": np.asarray(array, np.float32) for name, array in tensors.items()})
    optimiser = Sgd(lr=0.1)
    program = netdsl.compile(net, weights, wrt=net.learned, loss=total, update=optimiser.update)
    program.step({"x": image}, step=1, seed=1, **optimiser.scalars(1))
    return {name: weights[f"y.{name}"] for name in tensors}


def test_a_centre_moves_towards_its_input() -> None:
    # dy/dw = 2·(w - x) = (-2, -2)
    found = stepped("rbf(1)", [2.0, 1.0], weight=[[1.0], [0.0]])
    np.testing.assert_allclose(found["weight"].ravel(), [1.2, 0.2], rtol=1e-6)


def test_a_fixed_centre_stays() -> None:
    found = stepped("rbf(1, trainable=false)", [2.0, 1.0], weight=[[1.0], [0.0]])
    assert found["weight"].ravel().tolist() == [1, 0]


def test_only_what_is_connected_is_updated() -> None:
    # Filter 0 sees channel 2, filter 1 channels 0 and 1: the gradients of the three weights are 5, 1 and 3.
    found = stepped("conv(2, 1x1, table=[[2], [0, 1]])", [[[1.0, 3.0, 5.0]]], weight=[[[1.0, 1.0, 1.0]]], bias=[0, 0])
    np.testing.assert_allclose(found["weight"].ravel(), [0.5, 0.9, 0.7], rtol=1e-6)
    np.testing.assert_allclose(found["bias"], [-0.1, -0.1], rtol=1e-6)
