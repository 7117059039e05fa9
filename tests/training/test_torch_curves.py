"""The side of `tools/torch_curves.py` that needs no torch."""

import json

import numpy as np
import pytest

from netdsl.training.optimise.loss import LOSSES
from netdsl.training.optimise.optimiser import OPTIMISERS
from torch_curves import CASES, EPOCH_STEPS, Case


@pytest.mark.parametrize("text", ["optimizer=adam(decay=1e-4)", "loss=dice", "accumulate=4"])
def test_a_case_learns_on_one_side_and_is_written_for_the_other(text, tmp_path):
    case = Case(text, 2)
    case.write(tmp_path / "case.npz")
    losses = case.train()
    assert len(losses) == 2 * EPOCH_STEPS
    assert np.mean(losses[-5:]) < losses[0]
    with np.load(tmp_path / "case.npz") as file:
        assert set(json.loads(str(file["job"]))["tensors"]) == {"C.weight", "C.bias", "out.weight", "out.bias"}


def test_every_optimiser_and_loss_is_among_the_cases():
    words = {case.partition("=")[2].partition("(")[0] for case in CASES} | {"cross_entropy"}
    assert words >= {*OPTIMISERS, *LOSSES}
