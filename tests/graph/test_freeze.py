"""Frozen nodes learn nothing, and a frozen batch norm runs on what it has stored."""

import pickle

import numpy as np

from netdsl.compiler.lower import lower
from netdsl.graph.freeze import frozen
from netdsl.graph.pattern import Pattern
from netdsl.language.load import load, parse
from netdsl.reference import run_net, run_ops

NORM = parse("net A {\n  input x: 3\n  a: dense(4)\n  n: batchnorm\n  o: dense(2)\n}\n")
SHARED = "net B {\n  input x: 4\n  a: dense(4)\n  b: dense(4, share=a)\n  last: dense(4)\n}\n"


def freeze(net, *patterns, unfreeze=()):
    return frozen(net, [Pattern(p) for p in patterns], [Pattern(p) for p in unfreeze])


def test_keras_first_three_layers_frozen():
    net = freeze(load("keras_mnist"), "conv1_1", "max_pooling2d_1", "dropout_1")
    assert (net.total, net.trainable, net.nontrainable) == (87_290, 86_122, 1_168)


def test_all_frozen_nothing_is_trainable():
    net = freeze(load("keras_mnist"), "**")
    assert (net.trainable, net.nontrainable, net.learned) == (0, 87_290, ())


def test_unfreeze_wins():
    assert freeze(NORM, "**", unfreeze=["o"]).learned == ("o.weight", "o.bias")


def test_what_shares_tensors_is_frozen_together():
    for name in ("a", "b"):
        assert freeze(parse(SHARED), name).learned == ("last.weight", "last.bias")


def test_the_net_itself_is_left_as_it_was():
    freeze(NORM, "**")
    assert len(NORM.learned) == 6


def statistics(net):
    """The new moving mean of a training run, or the old one, and the output."""
    arrays = {name: np.ones(p.shape, np.float32) for name, p in net.tensors.items()}
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    done = run_ops(lower(net, training=True), arrays | {"x": x})
    return done.assigned, done["o"], run_net(net, arrays, {"x": x}, training=True)["o"]


def test_a_frozen_batch_norm_runs_on_its_stored_statistics():
    assigned, y, oracle = statistics(freeze(NORM, "n"))
    assert not assigned
    x = np.arange(12, dtype=np.float64).reshape(4, 3)
    normed = (x.sum(axis=1) + 1 - 1) / np.sqrt(1 + 1e-5) + 1
    np.testing.assert_allclose(y, np.repeat(4 * normed[:, None] + 1, 2, axis=1), rtol=1e-6)
    np.testing.assert_allclose(y, oracle, rtol=1e-6)


def test_one_that_learns_takes_those_of_the_batch():
    assigned, *_ = statistics(freeze(NORM, "a"))
    assert set(assigned) == {"n.mean", "n.var"}


def test_a_frozen_layer_has_no_gradient():
    net = freeze(NORM, "a", "n")
    loss = lambda build, ys: build.add("reduce", ys["o"], axes=(0, 1), keep=False)  # noqa: E731
    program = lower(net, training=True, loss=loss, wrt=net.learned)
    assert set(program.gradients) == {"o.weight", "o.bias"}


def test_a_net_can_be_pickled():
    net = freeze(load("googlenet", aux=False), "i3a")
    again = pickle.loads(pickle.dumps(net))
    assert (again.params, again.trainable, again.parameters) == (net.params, net.trainable, dict(net.parameters))
