"""Steps of the optimisers, worked by hand."""

import numpy as np
import pytest

from netdsl.ops.op import Build
from netdsl.reference import run_ops
from netdsl.training.optimise.optimiser import OPTIMISERS, Adadelta, Adagrad, Adam, AdamW, RmsProp, Sgd


def steps(optimiser, gradients, *, start=1.0, dtype=np.float64):
    """The parameter after each gradient in turn."""
    build = Build(training=True)
    param = build.tensor("d.weight", (1,), "param")
    optimiser.update(build, [(param, build.input("gradient", (1,)))])
    program = build.finish()
    arrays = {v.name: np.zeros(1) for v in program.values.values() if v.role == "state"}
    arrays["d.weight"] = np.array([start])
    seen = []
    for t, gradient in enumerate(gradients, 1):
        done = run_ops(program, arrays | {"gradient": np.array([gradient])} | optimiser.scalars(t), dtype=dtype)
        arrays |= done.assigned
        seen.append(float(arrays["d.weight"][0]))
    return seen


def test_sgd_goes_down_the_gradient():
    assert steps(Sgd(lr=0.5), [1.0, -2.0]) == [0.5, 1.5]


def test_momentum_keeps_half_of_the_last_velocity():
    # v = 1, then 0.5·1 + 1 = 1.5
    assert steps(Sgd(lr=0.5, momentum=0.5), [1.0, 1.0]) == [0.5, -0.25]


def test_nesterov_looks_ahead():
    # v = 1, way = 1 + 0.5·1; v = 1.5, way = 1 + 0.5·1.5
    assert steps(Sgd(lr=0.5, momentum=0.5, nesterov=True), [1.0, 1.0]) == [0.25, -0.625]


@pytest.mark.parametrize(
    "optimiser",
    [Sgd(momentum=0.5), Sgd(momentum=0.5, nesterov=True), RmsProp(momentum=0.5), Adam(beta1=0.5), AdamW(beta1=0.5)],
)
def test_a_momentum_that_is_bound_is_the_one_that_is_built_in(optimiser):
    gradients = [1.0, -2.0, 0.5]
    assert steps(optimiser.at_momentum(0.5), gradients) == pytest.approx(steps(optimiser, gradients), rel=1e-12)


def test_decay_pulls_towards_zero():
    assert steps(Sgd(lr=0.5, decay=0.5), [0.0], start=2.0) == [1.5]
    assert steps(Sgd(lr=0.5, momentum=0.5, decay=0.5), [0.0], start=2.0) == [1.5]


def test_the_first_step_of_adam_is_lr_whatever_the_gradient():
    # m̂ = g and v̂ = g², so the step is lr·g/(|g| + eps)
    assert steps(Adam(lr=0.25, eps=0.0), [100.0])[0] == pytest.approx(0.75, rel=1e-12)
    assert steps(Adam(lr=0.25, eps=1.0), [3.0])[0] == pytest.approx(1 - 0.25 * 3 / 4, rel=1e-12)


def test_the_second_step_of_adam():
    # β1 = β2 = 0.5: m = 1, 2.5 → m̂ = 2, 10/3; v = 2, 9 → v̂ = 4, 12
    found = steps(Adam(lr=1.0, beta1=0.5, beta2=0.5, eps=0.0), [2.0, 4.0])
    assert found == pytest.approx([0.0, -(10 / 3) / 12**0.5], rel=1e-12)


def test_the_decay_of_adamw_is_beside_the_quotient():
    # p - lr·(1 + decay·p), where that of adam would vanish in m̂/√v̂ = 1
    assert steps(AdamW(lr=0.25, eps=0.0, decay=0.5), [3.0], start=2.0) == pytest.approx([2 - 0.25 * (1 + 1)], rel=1e-12)
    assert steps(Adam(lr=0.25, eps=0.0, decay=0.5), [3.0], start=2.0) == pytest.approx([1.75], rel=1e-12)


def test_adamw_without_decay_is_adam():
    assert steps(AdamW(decay=0.0), [1.0, -2.0]) == steps(Adam(), [1.0, -2.0])


def test_rmsprop_divides_by_the_root_of_the_mean_square():
    # s = 0.75·16 = 12, then 0.25·12 + 0.75·4 = 6
    found = steps(RmsProp(lr=1.0, rho=0.25, eps=0.0), [4.0, 2.0])
    assert found == pytest.approx([1 - 4 / 12**0.5, 1 - 4 / 12**0.5 - 2 / 6**0.5], rel=1e-12)


def test_rmsprop_with_momentum_goes_on_with_half_of_its_last_step():
    one, two = steps(RmsProp(lr=1.0, rho=0.0, momentum=0.5, eps=0.0), [4.0, 2.0])
    assert (one, two) == pytest.approx((0.0, -1.5), rel=1e-12)  # q = 1 at both: v = 1, then 1.5


def test_centred_rmsprop_divides_by_the_root_of_the_variance():
    # s = 8, m = 2: the variance is 4; then s = 6, m = 2: it is 2
    found = steps(RmsProp(lr=1.0, rho=0.5, eps=0.0, centered=True), [4.0, 2.0])
    assert found == pytest.approx([1 - 4 / 2, 1 - 2 - 2 / 2**0.5], rel=1e-12)


def test_adagrad_divides_by_the_root_of_the_sum_of_squares():
    assert steps(Adagrad(lr=1.0, eps=0.0), [3.0, 4.0]) == pytest.approx([0.0, -4 / 5], rel=1e-12)


def test_adadelta_steps_by_the_last_steps_over_the_gradients():
    # s = 8, d = 4·√(0 + 1)/√(8 + 1); u = d²/2; then s = 6, d = 2·√(8/9 + 1)/√(6 + 1)
    found = steps(Adadelta(rho=0.5, eps=1.0), [4.0, 2.0])
    assert found == pytest.approx([1 - 4 / 3, 1 - 4 / 3 - 2 * (17 / 9) ** 0.5 / 7**0.5], rel=1e-12)


@pytest.mark.parametrize("word", OPTIMISERS)
def test_every_decay_pulls_towards_zero(word):
    assert steps(OPTIMISERS[word](decay=0.5), [0.0], start=2.0)[0] < 2


@pytest.mark.parametrize(
    "optimiser", [Sgd(lr=0.01, momentum=0.9, decay=5e-4), *(kind() for kind in OPTIMISERS.values())]
)
def test_a_thousand_steps_in_float32_stay_near_float64(optimiser):
    gradients = np.random.default_rng(0).normal(size=1000) + 0.1
    exact, single = (steps(optimiser, gradients, dtype=dtype) for dtype in (np.float64, np.float32))
    assert np.linalg.norm(np.subtract(single, exact)) <= 1e-5 * np.linalg.norm(exact)


def test_slots_are_named_after_their_parameter():
    build = Build(training=True)
    param = build.tensor("C1.weight", (2, 3), "param")
    Adam().update(build, [(param, build.input("g", (2, 3)))])
    slots = {v.name: v.shape for v in build.values.values() if v.role == "state"}
    assert slots == {"C1.weight@mean": (2, 3), "C1.weight@square": (2, 3)}
