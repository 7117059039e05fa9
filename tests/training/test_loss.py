"""Losses as operations and in NumPy, against numbers worked by hand."""

from math import log
from types import SimpleNamespace

import numpy as np
import pytest

from netdsl.compiler.differentiate import differentiate
from netdsl.errors import NetError
from netdsl.layers.values import Word
from netdsl.ops.op import BATCH, Build
from netdsl.reference import run_ops
from netdsl.training.loss import LABELS, BinaryCrossEntropy, CrossEntropy, Mse, loss_for, total_loss


def net(*, heads=(), act="softmax", shape=(2,)):
    layer = SimpleNamespace(keyword="dense", act=Word(act))
    nodes = {name: SimpleNamespace(layer=layer, shape=shape) for name in ("Out", *(h.output for h in heads))}
    return SimpleNamespace(name="N", outputs={"Out": "Out"}, heads=heads, nodes=nodes)


def run(loss, y, labels, *, softmax=False, heads=()):
    """The loss and its gradient with respect to y (or to the logits, when y is a softmax of them)."""
    build = Build(training=True)
    x = build.input("x", (BATCH, y.shape[1]))
    out = build.add("softmax", x) if softmax else x
    outputs = {"Out": out} | {head.name: out for head in heads}
    total = total_loss(net(heads=heads), loss)(build, outputs)
    build.outputs["loss"] = total.id
    (dx,) = differentiate(build, total, [x])
    build.outputs["dx"] = dx.id
    codes = loss.encode(np.array(labels), y.shape[1])
    done = run_ops(build.finish(), {"x": y, LABELS: codes}, dtype=np.float64)
    return float(done["loss"]), done["dx"]


LOGITS = np.array([[0.0, 0.0], [log(3), 0.0]])


def test_cross_entropy_of_even_and_of_three_to_one_logits():
    loss, dx = run(CrossEntropy(), LOGITS, [0, 1])
    assert loss == pytest.approx((log(2) + log(4)) / 2)
    np.testing.assert_allclose(dx, [[-0.25, 0.25], [0.375, -0.375]])


def test_cross_entropy_reads_the_logits_below_a_softmax():
    assert run(CrossEntropy(), LOGITS, [0, 1], softmax=True)[0] == pytest.approx((log(2) + log(4)) / 2)
    steep = np.array([[1000.0, 0.0]])
    assert run(CrossEntropy(), steep, [1], softmax=True)[0] == 1000


def test_cross_entropy_measures_probabilities_and_logits_alike():
    p = np.array([[0.5, 0.5], [0.75, 0.25]])
    labels = np.array([0, 1])
    np.testing.assert_allclose(CrossEntropy(probabilities=True).measure(p, labels), [log(2), log(4)])
    np.testing.assert_allclose(CrossEntropy(probabilities=False).measure(LOGITS, labels), [log(2), log(4)])


def test_a_probability_of_zero_has_a_finite_loss():
    assert CrossEntropy().measure(np.array([[1.0, 0.0]]), np.array([1]))[0] == pytest.approx(126 * log(2))


def test_mse_compares_with_one_and_zero():
    y = np.array([[0.5, 0.25], [1.0, 1.0]])
    loss, dx = run(Mse(), y, [0, 1])
    assert loss == pytest.approx(((0.25 + 0.0625) / 2 + (1 + 0) / 2) / 2)
    np.testing.assert_allclose(dx, [[-0.25, 0.125], [0.5, 0.0]])
    np.testing.assert_allclose(Mse().measure(y, np.array([0, 1])), [0.15625, 0.5])


def test_binary_cross_entropy_of_quarters():
    y = np.array([[0.75, 0.25]])
    loss, dx = run(BinaryCrossEntropy(), y, [0])
    assert loss == pytest.approx(-log(0.75))
    np.testing.assert_allclose(dx, [[-0.5 / 0.75, 0.5 / 0.75]])
    np.testing.assert_allclose(BinaryCrossEntropy().measure(y, np.array([0])), [-log(0.75)])


def test_binary_cross_entropy_of_zero_and_one_is_finite():
    wrong = BinaryCrossEntropy().measure(np.array([[0.0, 1.0]]), np.array([0]))
    np.testing.assert_allclose(wrong, [24 * log(2)], rtol=1e-6)


def test_a_head_adds_its_loss_with_its_weight():
    heads = (SimpleNamespace(name="aux", weight=0.5, output="a"),)
    assert run(CrossEntropy(), LOGITS[:1], [0], heads=heads)[0] == pytest.approx(1.5 * log(2))


def test_a_net_without_softmax_gives_logits():
    assert loss_for(net(), "cross_entropy", 2) == CrossEntropy(probabilities=True)
    assert loss_for(net(act="none"), "cross_entropy", 2) == CrossEntropy(probabilities=False)


def test_an_output_that_is_not_one_number_a_class_is_refused():
    with pytest.raises(NetError) as caught:
        loss_for(net(shape=(5, 5, 2)), "cross_entropy", 10)
    assert caught.value.code == "N508"
    assert "`Out` is 5x5x2, and the data have 10 classes" in str(caught.value)
