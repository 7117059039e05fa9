from collections.abc import Callable

import numpy as np
import pytest

from netdsl.compiler.differentiate import differentiate
from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, Build, Value
from netdsl.reference import run_ops

EPS = 1e-6


@pytest.fixture
def check_gradients() -> Callable[..., None]:
    """The derived gradient of Σ y·r equals central differences in float64, for every operand."""

    def check(
        emit: Callable[..., Value],
        *shapes: tuple[int | str, ...],
        images: int = 2,
        seed: int = 0,
        low: float | None = None,
    ) -> None:
        rng = np.random.default_rng(seed)
        build = Build(training=True)
        ins = [
            build.input(f"x{i}", shape) if BATCH in shape else build.tensor(f"x{i}", shape, "param")
            for i, shape in enumerate(shapes)
        ]
        y = emit(build, *ins)
        weights = build.input("r", y.shape) if y.batched else build.tensor("r", y.shape, "param")
        x0, x1 = operands(2)
        product = build.map(x0 * x1, y, weights)
        loss = build.add("reduce", product, axes=tuple(range(len(y.shape))), keep=False) if y.shape else product
        gradients = differentiate(build, loss, ins)
        build.gradients = {v.name: g.id for v, g in zip(ins, gradients, strict=True)}
        build.outputs = {"loss": loss.id}
        program = build.finish()
        sizes = {v.name: tuple(images if d == BATCH else d for d in v.shape) for v in [*ins, weights]}
        arrays = {k: rng.normal(size=s) if low is None else rng.uniform(low, low + 2, s) for k, s in sizes.items()}
        found = run_ops(program, arrays, dtype=np.float64)
        for value in ins:
            numeric = np.zeros(sizes[value.name])
            for at in np.ndindex(numeric.shape):
                ends = []
                for step in (EPS, -EPS):
                    moved = dict(arrays, **{value.name: arrays[value.name].copy()})
                    moved[value.name][at] += step
                    ends.append(run_ops(program, moved, dtype=np.float64)["loss"])
                numeric[at] = (ends[0] - ends[1]) / (2 * EPS)
            np.testing.assert_allclose(found[f"gradient of {value.name}"], numeric, rtol=1e-4, atol=1e-6)

    return check
