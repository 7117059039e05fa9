"""Training steps on the engine against the same program in NumPy, in float64."""

from __future__ import annotations

import threading
from functools import cache

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.lower import lower
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.weights import Weights
from netdsl.ops.expression import operands
from netdsl.ops.op import Build, Value
from netdsl.reference import run_ops
from netdsl.training.optimise.loss import CrossEntropy, objective_for
from netdsl.training.optimise.optimiser import Adam, Optimiser, Sgd

NETS = ["lenet5", "keras_mnist", "cnn2_mnist", "fcn_mnist"]
SGD = Sgd(lr=0.01, momentum=0.9, decay=5e-4)


@cache
def rules(name: str, optimizer: Optimiser) -> tuple[netdsl.Net, dict]:
    net = netdsl.load(name)
    trained = [n for n, p in net.tensors.items() if p.role == "param"]
    loss = objective_for(net, {"": CrossEntropy()}, 10).lower
    return net, {"wrt": trained, "loss": loss, "update": optimizer.update}


def batch_of(net: netdsl.Net, images: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(images, *net.nodes["image"].shape)).astype(np.float32)
    return {"image": x, "labels": rng.integers(0, 10, images).astype(np.int32)}


def assert_close(found: np.ndarray, expected: np.ndarray, tensor: str) -> None:
    """Relative L2 within 1e-4; a bias before batch norm has gradient 0, so 1e-6 an element is noise."""
    error = np.linalg.norm(found - expected)
    assert error <= 1e-4 * np.linalg.norm(expected) + 1e-6 * np.sqrt(expected.size), tensor


def trained(name: str, optimizer: Optimiser, *, steps: int = 1, images: int = 8, **options: object) -> Weights:
    net, rule = rules(name, optimizer)
    weights = Weights(initial_arrays(net, 2))
    program = netdsl.compile(net, weights, batch=8, **rule, **options)
    for step in range(1, steps + 1):
        program.step(batch_of(net, images), step=step, seed=7, **optimizer.scalars(step))
    return weights


def expected_after_one_step(name: str, optimizer: Optimiser, images: int) -> dict[str, np.ndarray]:
    net, rule = rules(name, optimizer)
    program = lower(net, training=True, **rule)
    tensors: dict[str, np.ndarray] = dict(initial_arrays(net, 2))
    for value in program.values.values():
        if value.role == "state":
            tensors.setdefault(value.name, np.zeros(value.shape))
    given = {**tensors, **batch_of(net, images), "step": 1, "seed": 7, **optimizer.scalars(1)}
    return dict(run_ops(program, given, dtype=np.float64).assigned)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("isa", isas())
def test_one_sgd_step_equals_the_reference(name: str, isa: str) -> None:
    found = trained(name, SGD, isa=isa)
    for tensor, array in expected_after_one_step(name, SGD, 8).items():
        assert_close(found[tensor], array, tensor)


def test_one_adam_step_moves_every_weight_by_the_learning_rate() -> None:
    optimizer = Adam(lr=0.01)
    net, _ = rules("lenet5", optimizer)
    start = initial_arrays(net, 2)
    moved = np.abs(trained("lenet5", optimizer)["F6.weight"] - start["F6.weight"])
    assert np.median(moved) == pytest.approx(0.01, rel=1e-3)


def test_a_smaller_last_batch_gives_its_own_mean_gradient() -> None:
    found = trained("lenet5", SGD, images=5)
    for tensor, array in expected_after_one_step("lenet5", SGD, 5).items():
        assert_close(found[tensor], array, tensor)


@pytest.mark.parametrize("name", NETS)
def test_threads_leave_the_bits_of_training_alone(name: str) -> None:
    runs = [trained(name, SGD, steps=3, threads=threads) for threads in (1, 2, 3)]
    assert all(np.array_equal(run[tensor], runs[0][tensor]) for run in runs[1:] for tensor in run)


def test_training_and_inference_share_weights() -> None:
    net, rule = rules("lenet5", SGD)
    weights = Weights(initial_arrays(net, 2))
    learning, measuring = netdsl.compile(net, weights, batch=8, **rule), netdsl.compile(net, weights, batch=4)
    batch = batch_of(net, 8)
    before = measuring(batch["image"])
    learning.step(batch, step=1, seed=7, **SGD.scalars(1))
    after = measuring(batch["image"])
    assert not np.array_equal(before, after)
    assert np.array_equal(after, netdsl.compile(net, Weights(dict(weights)), batch=8)(batch["image"]))


def test_gradients_through_winograd_equal_the_reference() -> None:
    net = netdsl.parse(
        "net W {\ninput x: 17x15x16\nconv(32, 3x3, pad=1, act=relu)\nconv(20, 3x3, pad=0, act=tanh)\nglobal_avgpool\n}"
    )
    tensors, rng = dict(initial_arrays(net, 2)), np.random.default_rng(5)
    inputs = {"x": rng.normal(size=(3, 17, 15, 16)).astype(np.float32)}

    def loss(build: Build, outputs: dict[str, Value]) -> Value:
        (y,) = outputs.values()
        (x0,) = operands(1)
        return build.add("reduce", build.map(x0 * x0, y), axes=(0, 1), keep=False)

    program = netdsl.compile(net, Weights(tensors), batch=3, loss=loss, wrt=["x", *tensors])
    assert [step.kernel for step in program.plan.steps].count("conv_winograd") == 4
    found = program.step(inputs)
    expected = run_ops(lower(net, training=True, loss=loss, wrt=["x", *tensors]), tensors | inputs, dtype=np.float64)
    for name in ["x", *tensors]:
        gradient = expected[f"gradient of {name}"]
        assert np.linalg.norm(found[name] - gradient) <= 2e-5 * np.linalg.norm(gradient), name


def test_inference_in_another_thread_leaves_the_bits_of_training_alone() -> None:
    net, rule = rules("cnn2_mnist", SGD)
    alone = trained("cnn2_mnist", SGD, steps=8)
    weights = Weights(initial_arrays(net, 2))
    learning, measuring = netdsl.compile(net, weights, batch=8, **rule), netdsl.compile(net, weights, batch=4)
    batch, done = batch_of(net, 8), threading.Event()

    def measure() -> None:
        while not done.is_set():
            measuring(batch["image"])

    reader = threading.Thread(target=measure)
    reader.start()
    for step in range(1, 9):
        learning.step(batch, step=step, seed=7, **SGD.scalars(step))
    done.set()
    reader.join()
    assert all(np.array_equal(weights[tensor], alone[tensor]) for tensor in alone)
