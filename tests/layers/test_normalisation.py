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
