"""Losses as operations: numbers worked by hand, formulas in float64 NumPy, and derived gradients by differences."""

from math import exp, log
from types import SimpleNamespace

import numpy as np
import pytest

from netdsl.compiler.differentiate import differentiate
from netdsl.errors import NetError
from netdsl.layers.values import Word
from netdsl.ops.op import BATCH, Build
from netdsl.reference import run_ops
from netdsl.training.optimise.loss import (
    LABELS,
    BinaryCrossEntropy,
    CrossEntropy,
    Dice,
    End,
    Hinge,
    Mse,
    objective_for,
    places_of,
)


def net(*, heads=(), act="softmax", shape=(2,), outputs=("Out",)):
    layer = SimpleNamespace(keyword="dense", act=Word(act))
    nodes = {name: SimpleNamespace(layer=layer, shape=shape) for name in (*outputs, *(h.output for h in heads))}
    return SimpleNamespace(name="N", outputs={name: name for name in outputs}, heads=heads, nodes=nodes)


def run(loss, x, labels, *, act="none", heads=(), classes=None, places=()):
    """The loss and its gradient by x, which the output is, or of which it is the softmax or sigmoid."""
    build = Build(training=True)
    value = build.input("x", (BATCH, *x.shape[1:]))
    out = activated(build, value, act)
    of = objective_for(net(heads=heads, act=act, shape=x.shape[1:]), {"": loss}, classes or x.shape[-1], places)
    total = of.lower(build, {"Out": out} | {head.name: out for head in heads})
    build.outputs["loss"] = total.id
    (dx,) = differentiate(build, total, [value])
    build.outputs["dx"] = dx.id
    done = run_ops(build.finish(), {"x": x, **of.feed(np.array(labels))}, dtype=np.float64)
    return float(done["loss"]), done["dx"]


def activated(build, value, act):
    from netdsl.layers.activation import activate_lowered

    return activate_lowered(build, Word(act), value)


LOGITS = np.array([[0.0, 0.0], [log(3), 0.0]])


def test_cross_entropy_of_even_and_of_three_to_one_logits():
    loss, dx = run(CrossEntropy(), LOGITS, [0, 1])
    assert loss == pytest.approx((log(2) + log(4)) / 2)
    np.testing.assert_allclose(dx, [[-0.25, 0.25], [0.375, -0.375]])


def test_cross_entropy_reads_the_logits_below_a_softmax():
    assert run(CrossEntropy(), LOGITS, [0, 1], act="softmax")[0] == pytest.approx((log(2) + log(4)) / 2)
    steep = np.array([[1000.0, 0.0]])
    assert run(CrossEntropy(), steep, [1], act="softmax")[0] == 1000


def test_cross_entropy_measures_probabilities_and_logits_alike():
    p = np.array([[0.5, 0.5], [0.75, 0.25]])
    labels = np.array([0, 1])
    np.testing.assert_allclose(CrossEntropy(end="softmax").measure(p, labels), [log(2), log(4)])
    np.testing.assert_allclose(CrossEntropy(end="").measure(LOGITS, labels), [log(2), log(4)])


def test_a_probability_of_zero_has_a_finite_loss():
    assert CrossEntropy().measure(np.array([[1.0, 0.0]]), np.array([1]))[0] == pytest.approx(126 * log(2))


def test_smoothing_takes_a_tenth_of_the_target_to_all_classes():
    # t = (0.95, 0.05) of p = (3/4, 1/4)
    loss, dx = run(CrossEntropy(smoothing=0.1), LOGITS[1:], [0])
    assert loss == pytest.approx(-0.95 * log(0.75) - 0.05 * log(0.25))
    np.testing.assert_allclose(dx, [[0.75 - 0.95, 0.25 - 0.05]], atol=1e-7)


def test_labels_may_be_shares_of_classes():
    loss, dx = run(CrossEntropy(shares=True), LOGITS[1:], np.array([[0.5, 0.5]]))
    assert loss == pytest.approx(-0.5 * log(0.75) - 0.5 * log(0.25))
    np.testing.assert_allclose(dx, [[0.25, -0.25]], atol=1e-12)


def test_mse_compares_with_one_and_zero():
    y = np.array([[0.5, 0.25], [1.0, 1.0]])
    loss, dx = run(Mse(), y, [0, 1])
    assert loss == pytest.approx(((0.25 + 0.0625) / 2 + (1 + 0) / 2) / 2)
    np.testing.assert_allclose(dx, [[-0.25, 0.125], [0.5, 0.0]])
    np.testing.assert_allclose(Mse().measure(y, np.array([0, 1])), [0.15625, 0.5])


def test_mse_compares_with_numbers():
    np.testing.assert_allclose(Mse().measure(np.array([[1.0], [4.0]]), np.array([3.0, 4.5])), [4, 0.25])


def test_binary_cross_entropy_of_quarters():
    z = np.array([[log(3), -log(3)]])
    for act in ("none", "sigmoid"):
        loss, dx = run(BinaryCrossEntropy(), z, [0], act=act)
        assert loss == pytest.approx(-log(0.75))
        np.testing.assert_allclose(dx, [[-0.125, 0.125]])
    np.testing.assert_allclose(BinaryCrossEntropy(end="").measure(z, np.array([0])), [-log(0.75)])


def test_binary_cross_entropy_of_large_logits_neither_overflows_nor_vanishes():
    loss, dx = run(BinaryCrossEntropy(), np.array([[1000.0, -1000.0]]), [1], act="sigmoid")
    assert loss == 1000
    np.testing.assert_allclose(dx, [[0.5, -0.5]])


def test_binary_cross_entropy_of_zero_and_one_is_finite():
    for end in ("softmax", "sigmoid"):
        wrong = BinaryCrossEntropy(end=end).measure(np.array([[0.0, 1.0]]), np.array([0]))
        np.testing.assert_allclose(wrong, [24 * log(2)], rtol=1e-6)


def test_one_number_tells_two_classes_apart():
    z = np.array([[log(3)], [log(3)]])
    loss, dx = run(BinaryCrossEntropy(), z, [1, 0], classes=2)
    assert loss == pytest.approx((-log(0.75) - log(0.25)) / 2)
    np.testing.assert_allclose(dx, [[-0.125], [0.375]])
    np.testing.assert_allclose(BinaryCrossEntropy(end="").scores(z[:1]), [[0.25, 0.75]])


def test_hinge_counts_how_much_the_right_class_fails_to_lead():
    # class 0 leads by 2 and by 0.5: (0 + 0.5)/3
    y = np.array([[3.0, 1.0, 2.5]])
    loss, dx = run(Hinge(), y, [0])
    assert loss == pytest.approx(0.5 / 3)
    np.testing.assert_allclose(dx, [[-1 / 3, 0, 1 / 3]])
    assert run(Hinge(squared=True), y, [0])[0] == pytest.approx(0.25 / 3)
    assert run(Hinge(margin=3.0), y, [0])[0] == pytest.approx((1 + 2.5) / 3)


def test_hinge_of_one_number_wants_it_on_its_side_of_the_margin():
    loss, dx = run(Hinge(), np.array([[0.25], [0.25]]), [1, 0], classes=2)
    assert loss == pytest.approx((0.75 + 1.25) / 2)
    np.testing.assert_allclose(dx, [[-0.5], [0.5]])


def test_dice_of_a_mask_that_half_covers_another():
    # p = (1, 1, 0, 0), t = (0, 1, 1, 0): 1 - (2·1 + 1)/(2 + 2 + 1)
    p, t = np.array([1.0, 1, 0, 0]).reshape(1, 2, 2, 1), np.array([0, 1, 1, 0]).reshape(1, 2, 2)
    assert Dice(end="sigmoid").measure(p, t)[0] == pytest.approx(1 - 3 / 5)
    assert Dice(end="sigmoid", smooth=3.0).measure(p, t)[0] == pytest.approx(1 - 5 / 7)


def test_dice_of_classes_is_the_mean_over_them():
    p = np.array([[1.0, 0.0], [1.0, 0.0]]).reshape(1, 2, 1, 2)
    # class 0: 1 - (2 + 1)/(2 + 1 + 1), class 1: 1 - (0 + 1)/(0 + 1 + 1)
    assert Dice().measure(p, np.array([0, 1]).reshape(1, 2, 1))[0] == pytest.approx((1 / 4 + 1 / 2) / 2)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def hot(labels, size):
    return labels[..., None] * 1.0 if size == 1 else np.eye(size)[labels]


def by_margin(z, t):
    right = (z * t).sum(axis=-1, keepdims=True)
    return (np.maximum(0, 1 - right + z) * (1 - t)).mean(axis=-1)


def by_dice(p, t):
    axes = tuple(range(1, p.ndim - 1))
    return (1 - (2 * (p * t).sum(axis=axes) + 1) / ((p * p).sum(axis=axes) + (t * t).sum(axis=axes) + 1)).mean(axis=1)


def by_smoothing(z, t):
    return -((0.9 * t + 0.1 / t.shape[-1]) * np.log(softmax(z))).sum(axis=-1)


def by_bits(z, t):
    return -(t * np.log(sigmoid(z)) + (1 - t) * np.log(1 - sigmoid(z))).mean(axis=-1)


FORMULAS = [
    (CrossEntropy(), "softmax", 4, lambda z, t: -(t * np.log(softmax(z))).sum(axis=-1)),
    (CrossEntropy(smoothing=0.1), "none", 4, by_smoothing),
    (CrossEntropy(smoothing=0.1), "softmax", 4, by_smoothing),
    (BinaryCrossEntropy(), "none", 4, by_bits),
    (BinaryCrossEntropy(), "sigmoid", 4, by_bits),
    (BinaryCrossEntropy(), "sigmoid", 1, by_bits),
    (Mse(), "none", 4, lambda z, t: np.square(z - t).mean(axis=-1)),
    (Mse(), "sigmoid", 1, lambda z, t: np.square(sigmoid(z) - t).mean(axis=-1)),
    (Hinge(), "none", 4, by_margin),
    (Dice(), "none", 3, lambda z, t: by_dice(softmax(z), t)),
    (Dice(), "softmax", 3, lambda z, t: by_dice(softmax(z), t)),
    (Dice(), "none", 1, lambda z, t: by_dice(sigmoid(z), t)),
    (Dice(), "sigmoid", 1, lambda z, t: by_dice(sigmoid(z), t)),
]


NAMES = [f"{loss.word}-{act}-{size}" for loss, act, size, _ in FORMULAS]
OF_IMAGES = [(*case, ()) for case in FORMULAS if not isinstance(case[0], Dice)]
OF_MAPS = [(*case, (2, 3)) for case in FORMULAS]


@pytest.mark.parametrize(
    ("loss", "act", "size", "formula", "places"),
    OF_IMAGES + OF_MAPS,
    ids=NAMES[: len(OF_IMAGES)] + [f"{name}-map" for name in NAMES],
)
def test_value_and_gradient_are_those_of_the_formula(loss, act, size, formula, places):
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(3, *places, size)), rng.integers(0, max(size, 2), (3, *places))
    t, classes = hot(labels, size), max(size, 2)

    def expected(z):
        return np.mean(formula(z, t))

    value, dx = run(loss, z, labels, act=act, classes=classes, places=places)
    assert value == pytest.approx(expected(z), rel=1e-6)
    steps = np.zeros_like(z)
    for i in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[i] = 1e-6
        steps[i] = (expected(z + step) - expected(z - step)) / 2e-6
    np.testing.assert_allclose(dx, steps, atol=1e-7)


@pytest.mark.parametrize(("loss", "act", "size", "formula"), FORMULAS, ids=NAMES)
def test_what_is_measured_is_what_is_trained(loss, act, size, formula):
    rng = np.random.default_rng(1)
    z, labels = rng.normal(size=(300, 2, 3, size)), rng.integers(0, max(size, 2), (300, 2, 3))
    y = {"softmax": softmax, "sigmoid": sigmoid}.get(act, lambda z: z)(z)
    of = objective_for(net(act=act, shape=(2, 3, size)), {"": loss}, max(size, 2), (2, 3))
    assert of.losses({"Out": y}, labels)["Out"].mean() == pytest.approx(
        np.mean(formula(z, hot(labels, size))), rel=1e-5
    )


def test_a_head_adds_its_loss_with_its_weight():
    heads = (SimpleNamespace(name="aux", weight=0.5, output="a"),)
    assert run(CrossEntropy(), LOGITS[:1], [0], heads=heads)[0] == pytest.approx(1.5 * log(2))


def test_each_output_has_its_loss_its_weight_and_its_labels():
    two = net(outputs=("cls", "box"), act="none")
    of = objective_for(two, {"cls": CrossEntropy(), "box": Mse(weight=10)}, 2)
    build = Build(training=True)
    ys = {name: build.input(name, (BATCH, 2)) for name in ("cls", "box")}
    build.outputs["loss"] = of.lower(build, ys).id
    fed = of.feed(np.array([0]))
    found = run_ops(build.finish(), {"cls": LOGITS[:1], "box": [[0.5, 0.5]], **fed}, dtype=np.float64)["loss"]
    assert sorted(fed) == [LABELS, "labels:box"]
    assert found == pytest.approx(log(2) + 10 * 0.25)


def test_heads_with_the_same_loss_share_their_labels():
    heads = (SimpleNamespace(name="aux", weight=0.3, output="a"),)
    assert list(objective_for(net(heads=heads), {"": CrossEntropy(smoothing=0.1)}, 2).feed(np.array([0]))) == [
        LABELS,
        "labels:rest",
    ]


def test_probabilities_are_the_scores_whatever_the_net_ends_in():
    for act in ("softmax", "none"):
        of = objective_for(net(act=act), {"": CrossEntropy()}, 2)
        y = softmax(LOGITS) if act == "softmax" else LOGITS
        np.testing.assert_allclose(of.main.scores(y), [[0.5, 0.5], [0.75, 0.25]])
    assert BinaryCrossEntropy(end="").scores(np.array([[-800.0]]))[0, 1] == pytest.approx(exp(-800))


@pytest.mark.parametrize(
    ("shape", "classes", "places"),
    [
        ((10,), 10, ()),
        ((1, 1, 10), 10, ()),
        ((4, 6, 10), 10, (4, 6)),
        ((4, 6, 1), 2, (4, 6)),
        ((1,), 2, ()),
        ((7, 1), 0, ()),
    ],
)
def test_a_map_of_classes_has_labels_at_its_places(shape, classes, places):
    assert places_of({"Out": End(shape)}, classes) == places


@pytest.mark.parametrize(
    ("losses", "shape", "classes", "places", "words"),
    [
        ({"": CrossEntropy()}, (5, 5, 2), 10, (), "`Out` is 5x5x2, and the data have 10 classes"),
        ({"": CrossEntropy()}, (1,), 2, (), "`cross_entropy` takes one number a class"),
        ({"": Mse()}, (3,), 2, (), "`mse` takes one number a class, or one alone"),
        ({"": Hinge()}, (3,), 0, (), "the labels are numbers: `hinge` takes labels of classes"),
        ({"": Dice()}, (2,), 2, (), "`dice` compares maps with masks"),
        ({"": Dice()}, (4, 4, 2), 2, (8, 8), "`Out` is 4x4x2, and the labels are 8x8 for an image"),
        ({"box": Mse()}, (2,), 2, (), "there are `Out`"),
        ({}, (2,), 2, (), "the output `Out` has no loss: write `loss Out=…`"),
    ],
)
def test_an_output_that_does_not_fit_its_loss_is_refused(losses, shape, classes, places, words):
    with pytest.raises(NetError) as caught:
        objective_for(net(shape=shape), losses, classes, places)
    assert caught.value.code == "N508"
    assert words in str(caught.value)
