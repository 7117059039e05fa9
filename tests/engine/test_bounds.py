"""Batch normalisation and optimisers within their bounds against float64 (FAULTS, *Numerical bounds*)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.lower import lower
from netdsl.graph.weights import Weights
from netdsl.ops.expression import operands
from netdsl.ops.op import Build, Value
from netdsl.reference import run_ops
from netdsl.training.optimise.optimiser import Adadelta, Adagrad, Adam, AdamW, Optimiser, RmsProp, Sgd

every_isa = pytest.mark.parametrize("isa", isas())
every_number_of_threads = pytest.mark.parametrize("threads", [1, 2, 3, 7])


def cubes(build: Build, outputs: dict[str, Value]) -> Value:
    """Σ (y + 1)³, whose slope batch normalisation does not take away, and whose sums do not cancel."""
    (y,), (x0,) = outputs.values(), operands(1)
    more = x0 + 1.0
    return build.add("reduce", build.map(more * more * more, y), axes=(0, 1, 2, 3), keep=False)


@every_isa
@every_number_of_threads
@pytest.mark.parametrize("draw", ["normal", "uniform"])
@pytest.mark.parametrize("shape", [(2, 5, 3), (7, 9, 15), (13, 14, 16), (6, 11, 17), (31, 33, 33)])
def test_batch_norm_forward_and_backward(shape: tuple[int, int, int], draw: str, threads: int, isa: str) -> None:
    net = netdsl.parse(f"net B {{\ninput x: {'x'.join(map(str, shape))}\ny: batchnorm\n}}")
    rng = np.random.default_rng(3)
    x = (rng.normal(size=(5, *shape)) if draw == "normal" else rng.uniform(0.1, 1, (5, *shape))).astype(np.float32)
    wrt = ["x", "y.gamma", "y.beta"]
    program = netdsl.compile(net, batch=5, threads=threads, isa=isa, want=["y"], loss=cubes, wrt=wrt)
    assert program.plan.threads == threads
    found = program.step({"x": x})
    ops = lower(net, training=True, want=["y"], loss=cubes, wrt=wrt)
    exact = run_ops(ops, {**net.initialise(), "x": x}, dtype=np.float64)
    assert (np.abs(found["y"] - exact["y"]) <= 1e-6 * np.maximum(1, np.abs(exact["y"]))).all()
    for name in wrt:
        gradient = exact[f"gradient of {name}"]
        assert np.linalg.norm(found[name] - gradient) <= 5e-6 * np.linalg.norm(gradient), name


OPTIMISERS = [Sgd(lr=0.01), Sgd(lr=0.01, momentum=0.9, decay=1e-4), Sgd(momentum=0.9, nesterov=True), Adam(lr=0.01)]
OPTIMISERS += [AdamW(decay=0.1), RmsProp(momentum=0.5, centered=True), Adagrad(), Adadelta()]
NET = netdsl.parse("net O {\ninput x: 37\ny: dense(33, bias=false)\n}")


def total(build: Build, outputs: dict[str, Value]) -> Value:
    """Σ y: the gradient of the weight is x, exactly."""
    (y,) = outputs.values()
    return build.add("reduce", y, axes=(0, 1), keep=False)


class Twin:
    """A parameter that learns on the engine, and in float64."""

    def __init__(self, optimiser: Optimiser, **options: Any) -> None:
        rng = np.random.default_rng(4)
        self.optimiser, self.rule = optimiser, {"loss": total, "wrt": ["y.weight"], "update": optimiser.update}
        self.weights = Weights({"y.weight": rng.uniform(0.5, 2, (37, 33)).astype(np.float32)})
        self.program = netdsl.compile(NET, self.weights, batch=1, **options, **self.rule)
        self.ops = lower(NET, training=True, **self.rule)

    def images(self, step: int) -> dict[str, Any]:
        """Another image each step: with one slope for ever, rounding would always go the same way."""
        return {"x": np.random.default_rng(step).normal(size=(1, 37)).astype(np.float32)}

    def exact_step(self, state: dict[str, Any], step: int) -> dict[str, Any]:
        """The state after a step, in float64."""
        given = {**state, **self.images(step), **self.optimiser.scalars(step)}
        return {**state, **run_ops(self.ops, given, dtype=np.float64).assigned}

    def engine_step(self, step: int) -> dict[str, Any]:
        self.program.step(self.images(step), **self.optimiser.scalars(step))
        return {name: array.copy() for name, array in self.weights.items()}


@every_isa
@every_number_of_threads
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
def test_a_step_of_an_optimiser_is_within_two_units_in_the_last_place(
    optimiser: Optimiser, threads: int, isa: str
) -> None:
    twin = Twin(optimiser, threads=threads, isa=isa)
    for step in range(1, 6):
        before = {name: array.copy() for name, array in twin.weights.items()}
        exact, found = twin.exact_step(before, step)["y.weight"], twin.engine_step(step)["y.weight"]
        start = before["y.weight"]
        largest = np.maximum(np.maximum(np.abs(start), np.abs(exact)), np.abs(exact - start))
        assert (np.abs(found - exact) <= 2 * np.spacing(largest.astype(np.float32))).all()


@every_isa
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
def test_a_thousand_steps_of_an_optimiser_stay_close(optimiser: Optimiser, isa: str) -> None:
    twin = Twin(optimiser, isa=isa)
    exact: dict[str, Any] = {name: array.astype(float) for name, array in twin.weights.items()}
    for step in range(1, 1001):
        exact, found = twin.exact_step(exact, step), twin.engine_step(step)
    error = np.linalg.norm(found["y.weight"] - exact["y.weight"])
    assert error <= 1e-5 * np.linalg.norm(exact["y.weight"])
