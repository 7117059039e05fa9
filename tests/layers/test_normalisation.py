"""Batch normalisation, local response normalisation, dropout."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.compiler.lower import lower
from netdsl.language.load import parse
from netdsl.reference import run_ops


def tensors(**values: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in values.items()}


def test_inference_uses_the_moving_statistics(make) -> None:
    layer = make("batchnorm(eps=0)", (1,))
    y = layer.forward([np.array([[7.0]])], tensors(gamma=2, beta=1, mean=3, var=4))
    assert y.item() == 2 * (7 - 3) / 2 + 1


def test_training_uses_the_batch_with_biased_variance(make) -> None:
    layer = make("batchnorm(eps=0)", (1,))
    y = layer.forward([np.array([[1.0], [3.0]])], tensors(gamma=1, beta=0, mean=9, var=9), training=True)
    assert y.ravel().tolist() == [-1, 1]  # variance ((1-2)² + (3-2)²)/2 = 1


def test_a_step_moves_the_statistics_by_a_tenth() -> None:
    program = lower(parse("net E {\ninput x: 1\nb: batchnorm\n}"), training=True)
    arrays = {f"b.{name}": array for name, array in tensors(gamma=1, beta=0, mean=10, var=20).items()}
    found = run_ops(program, arrays | {"x": np.array([[1.0], [3.0]])}, dtype=np.float64)
    assert found["b.mean"].item() == pytest.approx(0.9 * 10 + 0.1 * 2)
    assert found["b.var"].item() == pytest.approx(0.9 * 20 + 0.1 * 1)


def test_scale_and_center_can_be_left_out(make) -> None:
    names = [p.name for p in make("batchnorm(scale=false, center=false)", (3,)).params((3,))]
    assert names == ["mean", "var"]


def test_lrn_divides_by_the_neighbours(make) -> None:
    layer = make("lrn(3, alpha=3, beta=1, k=1)", (3,))
    y = layer.forward([np.array([[1.0, 2.0, 3.0]])], {})
    np.testing.assert_allclose(y[0], [1 / (1 + 5), 2 / (1 + 14), 3 / (1 + 13)])


def test_dropout_keeps_the_mean_in_training_and_nothing_else() -> None:
    net = parse("net E {\ninput x: 10000\nd: dropout(0.75)\n}")
    bound = {"x": np.ones((1, 10000)), "seed": np.int32(1), "step": np.int32(0)}
    y = run_ops(lower(net, training=True), dict(bound), dtype=np.float64)["d"]
    assert set(np.unique(y)) == {0.0, 4.0}
    assert y.mean() == pytest.approx(1, abs=0.07)  # 4 deviations of the mean of 10,000
    assert run_ops(lower(net), dict(bound), dtype=np.float64)["d"].all()


def plain(make, call: str, x: object) -> np.ndarray:
    """A normalisation of one image without gamma and beta."""
    image = np.asarray(x, float)
    return make(call, image.shape).forward([image[None]], {})[0]


def test_layernorm_looks_at_the_channels_of_a_position(make) -> None:
    y = plain(make, "layernorm(eps=0, scale=false, center=false)", [[1.0, 3.0], [10.0, 30.0]])
    assert y.tolist() == [[-1, 1], [-1, 1]]


def test_instancenorm_looks_at_the_positions_of_a_channel(make) -> None:
    y = plain(make, "instancenorm(eps=0, scale=false, center=false)", [[1.0, 30.0], [3.0, 10.0]])
    assert y.tolist() == [[-1, 1], [1, -1]]


def test_groupnorm_looks_at_the_positions_of_neighbouring_channels(make) -> None:
    # The first group is 1 3 5 7 (mean 4, variance 5), the second 10 alone.
    y = plain(make, "groupnorm(2, eps=1, scale=false, center=false)", [[1.0, 3.0, 10.0, 10.0], [5.0, 7.0, 10.0, 10.0]])
    np.testing.assert_allclose(y * np.sqrt(6), [[-3, -1, 0, 0], [1, 3, 0, 0]])


def test_gamma_and_beta_are_one_a_channel(make) -> None:
    layer = make("groupnorm(2)", (3, 3, 6))
    assert [(p.name, p.shape) for p in layer.params((3, 3, 6))] == [("gamma", (6,)), ("beta", (6,))]


def test_noise_has_the_deviation_in_training_and_is_nothing_else() -> None:
    net = parse("net E {\ninput x: 10000\nd: noise(0.5)\n}")
    bound = {"x": np.ones((1, 10000)), "seed": np.int32(1), "step": np.int32(0)}
    y = run_ops(lower(net, training=True), dict(bound), dtype=np.float64)["d"]
    assert y.mean() == pytest.approx(1, abs=0.02) and y.std() == pytest.approx(0.5, abs=0.015)  # 4 deviations
    assert (run_ops(lower(net), dict(bound), dtype=np.float64)["d"] == 1).all()
