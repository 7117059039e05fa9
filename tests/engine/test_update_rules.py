"""Training steps on the engine, worked by hand."""

from __future__ import annotations

import numpy as np

import netdsl
from netdsl.graph.weights import Weights
from netdsl.ops.op import Build, Value
from netdsl.training.optimise.optimiser import Adam, Optimiser, Sgd
from netdsl.training.optimise.rules import update_of, with_penalties

RULE = Sgd(lr=0.1)


def total(build: Build, outputs: dict[str, Value]) -> Value:
    """Σ y, whose gradient is 1 everywhere."""
    (y,) = outputs.values()
    return build.add("reduce", y, axes=tuple(range(len(y.shape))), keep=False)


def stepped(
    call: str, x: object, *, images: int = 1, batched: bool = False, optimiser: Optimiser = RULE, **tensors: object
) -> dict[str, np.ndarray]:
    """The tensors of one layer after a step on Σ y, by default of gradient descent at a rate of 0.1."""
    given = np.asarray(x, np.float32) if batched else np.asarray([x] * images, np.float32)
    net = netdsl.parse(f"net E {{\ninput x: {'x'.join(map(str, given.shape[1:]))}\ny: {call}\n}}")
    weights = Weights({f"y.{name}": np.asarray(array, np.float32) for name, array in tensors.items()})
    rule = {"wrt": net.learned, "loss": with_penalties(net, total), "update": update_of(net, optimiser)}
    program = netdsl.compile(net, weights, batch=len(given), **rule)
    program.step({"x": given}, step=1, seed=1, **optimiser.scalars(1))
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


X = [2.0, 1.0]  # the gradient of Σ y by each column of a dense weight
W = [[3.0, -4.0], [4.0, 3.0]]


def dense_after(settings: str) -> dict[str, np.ndarray]:
    return stepped(f"dense(2, {settings})", X, weight=W, bias=[1.0, -2.0])


def test_l2_adds_twice_the_weight_to_the_gradient() -> None:
    # 3 - 0.1·(2 + 2·0.5·3), …; the bias is not penalised: 1 - 0.1
    found = dense_after("l2=0.5")
    np.testing.assert_allclose(found["weight"], [[2.5, -3.8], [3.5, 2.6]], rtol=1e-6)
    np.testing.assert_allclose(found["bias"], [0.9, -2.1], rtol=1e-6)


def test_l1_adds_the_sign_of_the_weight_to_the_gradient() -> None:
    found = dense_after("l1=0.5")
    np.testing.assert_allclose(found["weight"], [[2.75, -4.15], [3.85, 2.85]], rtol=1e-6)


def test_biases_have_penalties_of_their_own() -> None:
    # 1 - 0.1·(1 + 0.5 + 2·1), -2 - 0.1·(1 - 0.5 - 2·2)
    found = dense_after("bias_l1=0.5, bias_l2=1")
    np.testing.assert_allclose(found["weight"], np.subtract(W, [[0.2, 0.2], [0.1, 0.1]]), rtol=1e-6)
    np.testing.assert_allclose(found["bias"], [0.65, -1.65], rtol=1e-6)


def test_an_activity_penalty_is_a_mean_over_the_images() -> None:
    # y = 3·2 = 6, so dy/dw = x and the gradient is 2 + (0.25·sign y + 2·0.5·y)·2 = 2 + 0.5 + 12
    found = stepped("dense(1, bias=false, act_l1=0.25, act_l2=0.5)", [2.0], weight=[[3.0]])
    np.testing.assert_allclose(found["weight"], [[3 - 1.45]], rtol=1e-6)
    twice = stepped("dense(1, bias=false, act_l1=0.25, act_l2=0.5)", [2.0], images=2, weight=[[3.0]])
    np.testing.assert_allclose(twice["weight"], [[3 - 0.1 * (2 * 2 + 12.5)]], rtol=1e-6)  # Σ y has two terms


def test_a_layer_without_tensors_takes_an_activity_penalty() -> None:
    net = netdsl.parse("net E {\ninput x: 1\nd: dense(1, bias=false)\nrelu(act_l2=1)\n}")
    program = netdsl.compile(net, {"d.weight": [[3.0]]}, loss=with_penalties(net, total), wrt=["d.weight"])
    found = program.step({"x": np.ones((1, 1), np.float32)})
    assert (float(found["loss"]), found["d.weight"].item()) == (3 + 9, 1 + 6)


def test_max_norm_shortens_only_the_columns_that_are_longer() -> None:
    # After the step the columns are (2.8, 3.9), of length 4.8, and (-4.2, 2.9), of length 5.1.
    found = dense_after("constraint=max_norm(5)")
    np.testing.assert_allclose(found["weight"][:, 0], [2.8, 3.9], rtol=1e-6)
    np.testing.assert_allclose(found["weight"][:, 1], np.array([-4.2, 2.9]) * 5 / np.hypot(4.2, 2.9), rtol=1e-6)


def test_unit_norm_and_non_neg_hold_after_the_step() -> None:
    found = dense_after("constraint=unit_norm, bias_constraint=non_neg")
    np.testing.assert_allclose(np.linalg.norm(found["weight"], axis=0), [1, 1], rtol=1e-6)
    np.testing.assert_allclose(found["bias"], [0.9, 0], rtol=1e-6)


def test_lr_multiplies_the_step_of_all_tensors_of_the_layer() -> None:
    found = dense_after("lr=10")
    np.testing.assert_allclose(found["weight"], [[1, -6], [3, 2]], rtol=1e-6)
    np.testing.assert_allclose(found["bias"], [0, -3], rtol=1e-6)


def test_decay_multiplies_the_decay_of_the_optimiser() -> None:
    # g + 0.5·2·w: 3 - 0.1·(2 + 3)
    found = stepped("dense(1, bias=false, decay=2)", [2.0], optimiser=Sgd(lr=0.1, decay=0.5), weight=[[3.0]])
    np.testing.assert_allclose(found["weight"], [[2.5]], rtol=1e-6)
    without = stepped("dense(1, bias=false, decay=0)", [2.0], optimiser=Sgd(lr=0.1, decay=0.5), weight=[[3.0]])
    np.testing.assert_allclose(without["weight"], [[2.8]], rtol=1e-6)


def test_multipliers_act_on_adam_too() -> None:
    # The first step of Adam is lr whatever the gradient: 10·0.1.
    found = stepped("dense(1, bias=false, lr=10)", [2.0], optimiser=Adam(lr=0.1, eps=0.0), weight=[[3.0]])
    np.testing.assert_allclose(found["weight"], [[2]], rtol=1e-5)


def test_what_is_fixed_has_no_penalty() -> None:
    net = netdsl.parse("net E {\ninput x: 1\ny: dense(1, bias=false, l2=1, trainable=false)\n}")
    program = netdsl.compile(net, {"y.weight": [[3.0]]}, loss=with_penalties(net, total), wrt=["x"])
    assert float(program.step({"x": np.ones((1, 1), np.float32)})["loss"]) == 3


def test_a_convolution_keeps_its_settings_in_panels_and_in_lanes() -> None:
    text = "conv(5, 3x3, l2=0.5, l1=0.1, constraint=max_norm(0.5), bias_constraint=non_neg, lr=2)"
    rng = np.random.default_rng(1)
    w, b = rng.normal(size=(3, 3, 2, 5)), rng.normal(size=5)
    x = rng.normal(size=(16, 5, 5, 2))
    for images in (1, 16):
        found = stepped(text, x[:images], batched=True, weight=w, bias=b)
        seen = np.lib.stride_tricks.sliding_window_view(x[:images], (3, 3), (1, 2)).sum(axis=(0, 1, 2))
        g = seen.transpose(1, 2, 0)[..., None] + 2 * 0.5 * w + 0.1 * np.sign(w)
        new = w - 0.2 * g
        norms = np.sqrt((new * new).sum(axis=(0, 1, 2)))
        np.testing.assert_allclose(found["weight"], new * np.minimum(1, 0.5 / norms), rtol=2e-5, atol=1e-6)
        np.testing.assert_allclose(found["bias"], np.maximum(b - 0.2 * images * 9, 0), rtol=1e-5)
