"""Programs of nets with symbols: a plan a size, one set of weights."""

import numpy as np
import pytest

import netdsl
from netdsl.errors import NetError
from netdsl.ops.expression import operands
from netdsl.reference import run_net
from netdsl.training.optimise.optimiser import Sgd

TEXT = "net A(T=any) {\n input s: {T}x2\n conv(8, 3, stride=2) | batchnorm | relu\n global_avgpool | dense(3)\n}"


def sequences(length, count=3):
    return np.random.default_rng(length).normal(size=(count, length, 2)).astype(np.float32)


@pytest.fixture
def net():
    return netdsl.parse(TEXT)


@pytest.fixture
def program(net):
    return netdsl.compile(net, batch=4)


@pytest.mark.parametrize("length", [3, 4, 17, 100])
def test_each_length_gives_what_the_layers_give(net, program, length):
    expected = run_net(net, program.weights, {"s": sequences(length)}, dtype=np.float64)["dense_1"]
    np.testing.assert_allclose(program(sequences(length)), expected, rtol=1e-4, atol=1e-5)


def test_a_length_that_was_met_keeps_its_plan(program):
    assert program.at(T=9) is program.at(T=9) and program.at(T=9) is not program.at(T=10)
    assert program.at(T=9).weights is program.at(T=10).weights


def test_only_the_lengths_used_last_keep_their_plans(program):
    first = program.at(T=3)
    for length in range(4, 20):
        program.at(T=length)
    assert program.at(T=19) is program.at(T=19) and program.at(T=3) is not first


def test_a_step_at_one_length_is_seen_at_another(net):
    x0, x1 = operands(2)

    def loss(build, values):
        (y,) = values.values()
        return build.map(
            x0 * x1, build.add("reduce", build.map(x0 * x0, y), axes=(0, 1), keep=False), build.inverse_batch()
        )

    weights, rule = net.initialise(1), Sgd(lr=0.1)
    running = netdsl.compile(net, weights, batch=4)
    learning = netdsl.compile(net, weights, batch=4, loss=loss, wrt=list(net.learned), update=rule.update)
    before = running(sequences(20))
    for length in (9, 12):
        learning.step({"s": sequences(length)}, seed=1, **rule.scalars(1))
    assert not np.allclose(running(sequences(20)), before)


def test_the_weights_of_a_set_size_are_those_of_any(net):
    weights = net.initialise(2)
    alone = netdsl.compile(netdsl.parse(TEXT, T=11), weights)
    np.testing.assert_array_equal(alone(sequences(11)), netdsl.compile(net, weights)(sequences(11)))


@pytest.mark.parametrize(
    ("x", "code"),
    [
        (sequences(2), "N716"),
        (sequences(5)[0], "N704"),
        (sequences(5)[..., :1], "N704"),
        ({"r": 1}, "N704"),
        (None, "N704"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(program, x, code):
    with pytest.raises(NetError) as error:
        program(x)
    assert error.value.code == code


def test_a_plan_needs_a_size(program):
    with pytest.raises(NetError) as error:
        assert program.plan.bytes
    assert error.value.code == "N715" and program.at(T=8).plan.bytes
