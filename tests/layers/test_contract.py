"""What every layer promises, run over every example of every layer."""

from __future__ import annotations

import numpy as np
import pytest

import netdsl.layers  # noqa: F401
from netdsl.compiler.lower import lower
from netdsl.errors import NetError
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.net import Net
from netdsl.language.load import parse
from netdsl.layers.base import REGISTRY, example_text
from netdsl.ops.expression import operands
from netdsl.ops.op import Build, Ops, Value
from netdsl.reference import run_net, run_ops
from netdsl.shapes import format_shape

EXAMPLES = [
    pytest.param(call, shapes, id=f"{call} of {' '.join(map(format_shape, shapes))}")
    for layer in REGISTRY.values()
    for call, shapes in layer.examples
]
every_example = pytest.mark.parametrize(("call", "shapes"), EXAMPLES)


def net_of(call: str, shapes: tuple[tuple[int, ...], ...]) -> Net:
    """A net of one layer, `y`, on inputs `x0` …"""
    return parse(example_text(call, shapes))


def arrays_of(net: Net, images: int, seed: int = 3) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Tensors in which nothing is 0 or 1 by default (variances positive), and inputs."""
    rng = np.random.default_rng(seed)
    tensors = {name: a + rng.uniform(0.1, 0.5, a.shape) for name, a in initial_arrays(net, seed).items()}
    inputs = {name: rng.normal(size=(images, *net.nodes[name].shape)) for name in net.inputs}
    return tensors, inputs


def test_every_layer_has_an_example() -> None:
    assert [name for name, layer in REGISTRY.items() if not layer.examples] == []


@every_example
def test_forward_has_the_declared_shape(call: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    net = net_of(call, shapes)
    tensors, inputs = arrays_of(net, 2)
    assert run_net(net, tensors, inputs, dtype=np.float64)["y"].shape == (2, *net.nodes["y"].shape)


@every_example
def test_lowered_operations_give_what_forward_gives(call: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    net = net_of(call, shapes)
    tensors, inputs = arrays_of(net, 3)
    expected = run_net(net, tensors, inputs, dtype=np.float64)["y"]
    found = run_ops(lower(net), tensors | inputs, dtype=np.float64)["y"]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@every_example
def test_two_images_in_a_batch_are_each_as_alone(call: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    net = net_of(call, shapes)
    tensors, inputs = arrays_of(net, 2)
    both = run_net(net, tensors, inputs, dtype=np.float64)["y"]
    alone = run_net(net, tensors, {k: x[1:] for k, x in inputs.items()}, dtype=np.float64)["y"]
    np.testing.assert_allclose(both[1:], alone, rtol=1e-12)


@every_example
def test_text_gives_the_layer_back(call: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    layer = net_of(call, shapes).nodes["y"].layer
    assert net_of(layer.text(), shapes).nodes["y"].layer == layer


@every_example
def test_derived_gradients_equal_central_differences(call: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    net = net_of(call, shapes)
    tensors, inputs = arrays_of(net, 2)
    rng = np.random.default_rng(5)
    weights = rng.normal(size=(2, *net.nodes["y"].shape))
    wrt = [name for name, p in net.tensors.items() if p.role == "param"] + list(net.inputs)
    training = run_ops(_with_loss(net, wrt), tensors | inputs | {"weights": weights}, dtype=np.float64)
    step = 1e-6
    for name in wrt:
        where = tensors if name in tensors else inputs
        array = where[name]
        for _ in range(4):
            at = tuple(rng.integers(n) for n in array.shape)
            sums = []
            for sign in (1, -1):
                moved = array.copy()
                moved[at] += sign * step
                new = {**where, name: moved}
                t, i = (new, inputs) if where is tensors else (tensors, new)
                sums.append(np.sum(weights * run_net(net, t, i, dtype=np.float64, training=True)["y"]))
            gradient = training[f"gradient of {name}"][at]
            assert gradient == pytest.approx((sums[0] - sums[1]) / (2 * step), rel=1e-5, abs=1e-6)


def _with_loss(net: Net, wrt: list[str]) -> Ops:
    """The program of Σ weights·y with its gradients; dropout and noise, which are random, as in inference."""

    def loss(build: Build, outputs: dict[str, Value]) -> Value:
        x0, x1 = operands(2)
        y = outputs["y"]
        scaled = build.map(x0 * x1, y, build.input("weights", y.shape))
        return build.add("reduce", scaled, axes=tuple(range(len(y.shape))), keep=False)

    return lower(net, training=net.nodes["y"].layer.keyword not in ("dropout", "noise"), loss=loss, wrt=wrt)


def test_a_layer_refuses_a_shape_it_cannot_take() -> None:
    with pytest.raises(NetError) as error:
        net_of("conv(3, 7x7)", ((5, 5, 1),))
    assert error.value.code == "N301"
