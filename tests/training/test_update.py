"""Clipping, accumulation, averaging and skipping in the step, worked by hand in NumPy and repeated on the engine."""

from types import SimpleNamespace

import numpy as np
import pytest

import netdsl
from netdsl.compiler.lower import lower
from netdsl.graph.weights import Weights
from netdsl.ops.expression import operands
from netdsl.reference import run_ops
from netdsl.training.optimise.average import averaged
from netdsl.training.optimise.clip import ClipNorm, ClipValue
from netdsl.training.optimise.optimiser import Adam, Sgd
from netdsl.training.optimise.rules import update_of

NET = netdsl.parse("net N {\ninput x: 2\ny: dense(1)\n}")
START = {"y.weight": [[1.0], [1.0]], "y.bias": [1.0]}
NAN = float("nan")
PLAIN = Sgd(lr=1.0)


def total(build, outputs):
    """Mean of y over the images: the gradient of the weight is the mean of x, that of the bias 1."""
    x0, x1 = operands(2)
    return build.map(x0 * x1, build.add("reduce", outputs["y"], axes=(0, 1), keep=False), build.inverse_batch())


class Reference:
    """The step in float64 NumPy."""

    def __init__(self, rule, weights):
        self.program = lower(NET, training=True, **rule)
        self.weights = {v.name: np.zeros(v.shape) for v in self.program.values.values() if v.role == "state"}
        self.weights |= weights

    def step(self, arrays, **scalars):
        found = run_ops(self.program, self.weights | arrays | scalars, dtype=np.float64)
        self.weights |= found.assigned
        return {name: found[name] for name in self.program.outputs}


class Engine:
    """The step as it is compiled."""

    def __init__(self, rule, weights):
        self.program = netdsl.compile(NET, Weights(weights), batch=4, **rule)
        self.weights = self.program.weights

    def step(self, arrays, **scalars):
        return self.program.step({k: np.asarray(v, np.float32) for k, v in arrays.items()}, **scalars)


@pytest.fixture(params=[Reference, Engine])
def machine(request):
    def make(optimiser=PLAIN, **how):
        rule = {"wrt": NET.learned, "loss": total, "update": update_of(NET, optimiser, **how)}
        made = request.param(rule, {k: np.array(v, np.float32) for k, v in START.items()})
        return SimpleNamespace(step=made.step, of=made.weights)

    return make


def test_the_norm_of_all_gradients_together_is_clipped(machine):
    made = machine(clip=ClipNorm(1.5))
    made.step({"x": [[2.0, 2.0]]}, lr=1.0)  # ‖(2, 2, 1)‖ = 3
    np.testing.assert_allclose(made.of["y.weight"], [[0], [0]], atol=1e-6)
    np.testing.assert_allclose(made.of["y.bias"], [0.5], rtol=1e-6)


def test_a_norm_below_the_most_is_let_through(machine):
    made = machine(clip=ClipNorm(4.0))
    made.step({"x": [[2.0, 2.0]]}, lr=1.0)
    np.testing.assert_allclose(made.of["y.bias"], [0], atol=1e-6)


def test_each_number_is_clipped_by_itself(machine):
    made = machine(clip=ClipValue(0.5))
    made.step({"x": [[-2.0, 0.25]]}, lr=1.0)
    np.testing.assert_allclose(made.of["y.weight"], [[1.5], [0.75]], rtol=1e-6)


def test_gradients_of_two_batches_give_one_update(machine):
    made = machine(accumulate=2)
    made.step({"x": [[1.0, 0.0]]}, lr=1.0, apply=0, share=0.5)
    assert made.of["y.weight"].tolist() == START["y.weight"]
    made.step({"x": [[3.0, 1.0]]}, lr=1.0, apply=1, share=0.5)
    np.testing.assert_allclose(made.of["y.weight"], [[1 - 2], [1 - 0.5]], rtol=1e-6)
    assert not np.any(made.of["y.weight@gradient"])


def test_slots_change_with_the_parameters_alone(machine):
    made = machine(Adam(), accumulate=2)
    scalars = {"adam_mean": 10.0, "adam_square": 1000.0, "share": 0.5}
    made.step({"x": [[1.0, 1.0]]}, lr=0.1, apply=0, **scalars)
    assert not np.any(made.of["y.weight@mean"])
    made.step({"x": [[3.0, 1.0]]}, lr=0.1, apply=1, **scalars)
    np.testing.assert_allclose(made.of["y.weight@mean"], [[0.2], [0.1]], rtol=1e-6)


def test_an_average_undoes_that_it_began_at_zero(machine):
    made = machine(ema=0.5)
    for _ in range(2):
        made.step({"x": [[1.0, 0.0]]}, lr=1.0)
    # weights 0 and -1: (0.25·0 + 0.5·(-1))/(1 - 0.25)
    found = averaged(NET, made.of, 0.5, 2)
    np.testing.assert_allclose(found["y.weight"], [[-2 / 3], [1]], rtol=1e-6)
    assert averaged(NET, made.of, 0.5, 0)["y.weight"] is not None


def test_a_batch_with_a_nan_changes_nothing(machine):
    made = machine(Sgd(lr=1.0, momentum=0.5), skip=True, ema=0.5)
    assert made.step({"x": [[1.0, 0.0]]}, lr=1.0)["finite"] == 1
    before = {name: np.array(made.of[name]) for name in made.of}
    assert made.step({"x": [[NAN, 0.0]]}, lr=1.0)["finite"] == 0
    for name, array in before.items():
        np.testing.assert_array_equal(made.of[name], array)


def test_a_batch_with_a_nan_adds_nothing_to_a_group(machine):
    made = machine(skip=True, accumulate=2)
    made.step({"x": [[NAN, 0.0]]}, lr=1.0, apply=0, share=0.5)
    made.step({"x": [[2.0, 0.0]]}, lr=1.0, apply=1, share=0.5)
    np.testing.assert_allclose(made.of["y.weight"], [[0], [1]], atol=1e-6)


def test_moving_statistics_do_not_take_in_a_nan():
    net = netdsl.parse("net N {\ninput x: 2\nn: batchnorm\ny: dense(1)\n}")
    rule = {"wrt": net.learned, "loss": total, "update": update_of(net, Sgd(), skip=True)}
    program = netdsl.compile(net, net.initialise(1), batch=2, **rule)
    for x in ([[1, 2], [3, 4]], [[NAN, 2], [3, 4]]):
        program.step({"x": np.array(x, np.float32)}, lr=0.1)
    assert np.isfinite(program.weights["n.mean"]).all()
    assert np.any(program.weights["n.mean"])


def test_what_is_not_asked_for_is_not_in_the_step():
    rule = {"wrt": NET.learned, "loss": total}
    plain = lower(NET, training=True, update=Sgd().update, **rule)
    assert str(lower(NET, training=True, update=update_of(NET, Sgd()), **rule)) == str(plain)
