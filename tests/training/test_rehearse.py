"""A training tried out says what it would be, and leaves nothing."""

import pytest

from netdsl.errors import NetError
from netdsl.training.programs import compiled
from netdsl.training.rehearse import rehearse

from .conftest import tiny_task


def test_a_rehearsal_counts_images_batches_and_parameters():
    task = tiny_task()
    found = dict(rehearse(task, compiled(task, threads=1)))
    assert found["net"] == "Tiny: 34 parameters learn"
    assert found["data"] == "toy: 16 images to train on, 4 to validate"
    assert found["image"] == "2x2x1, as 4x4x1, 2 classes"
    assert found["training"] == "3 epochs of 4 batches of 4: 12 steps"
    assert found["memory"].endswith("B available")
    assert found["step"].startswith("loss 0.")


def test_a_loss_that_is_not_finite_is_found_before_the_night():
    task = tiny_task()
    programs = compiled(task, threads=1)
    programs.weights["d.bias"] = [float("nan"), 0]
    with pytest.raises(NetError) as caught:
        list(rehearse(task, programs))
    assert caught.value.code == "N509"
