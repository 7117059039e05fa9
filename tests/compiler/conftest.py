from collections.abc import Callable

import numpy as np
import pytest

from netdsl.ops.op import BATCH, Ops
from netdsl.reference import run_ops


@pytest.fixture
def same_values() -> Callable[..., None]:
    """Two programs give the same outputs, gradients and assigned arrays on random arrays, in float64."""

    def check(before: Ops, after: Ops, images: int = 3) -> None:
        rng = np.random.default_rng(0)
        bound = {
            v.name: rng.uniform(0.5, 2, tuple(images if d == BATCH else d for d in v.shape))
            for v in before.values.values()
            if v.role in ("input", "param", "state", "scalar") and v.dtype == "f32"
        }
        runs = [run_ops(p, bound, dtype=np.float64) for p in (before, after)]
        for name in [*before.outputs, *(f"gradient of {g}" for g in before.gradients)]:
            np.testing.assert_allclose(runs[0][name], runs[1][name], rtol=1e-10, atol=1e-12)
        assert runs[0].assigned.keys() == runs[1].assigned.keys()
        for name, array in runs[0].assigned.items():
            np.testing.assert_allclose(array, runs[1].assigned[name], rtol=1e-10)

    return check
