"""Masks that are larger than an output of valid convolutions are cut to it about their centre."""

import numpy as np
import pytest

from netdsl.data.dataset import Dataset
from netdsl.data.framing import Pad
from netdsl.errors import NetError
from netdsl.training.answers.evaluate import evaluate
from netdsl.training.answers.examine import examine
from netdsl.training.answers.trained import open_run
from netdsl.training.programs import compiled
from netdsl.training.rehearse import rehearse
from netdsl.training.session import train_net
from netdsl.training.terms import Terms

from .conftest import parse, tiny_task

TEXT = """net Valid {
  input image: 6x7x1
  conv(4, 3x3, act=relu, init=he_normal) | conv(2, 3x2, act=softmax)
}
train Valid { data "toy.npz" | rescale; batch 4; epochs 2; seed 1; optimizer sgd(lr=0.5); metrics iou }
"""
SAMPLED = "net Low { input image: 6x6x1; conv(2, 2x2, stride=2, act=softmax) }\ntrain Low { batch 4 }\n"


def masked(count=20, size=(6, 7)):
    """Images whose bright pixels are the second class."""
    masks = np.random.default_rng(0).integers(0, 2, (count, *size))
    return Dataset((200 * masks[..., None]).astype(np.uint8), masks, ("dark", "bright"), "toy")


def batch_of(task):
    images, labels, targets = next(iter(task.train.batches(4, np.arange(4), epoch=1)))
    return images[..., 0], labels, targets


def test_masks_are_the_centre_of_their_images():
    task = tiny_task(TEXT, masked())
    images, labels, targets = batch_of(task)
    assert task.net.nodes[next(iter(task.net.outputs.values()))].shape == (2, 4, 2)
    assert (labels == (images[:, 2:4, 1:5] > 0.5)).all()
    assert targets is labels


def test_masks_of_augmented_images_are_their_centre_too():
    images, labels, _ = batch_of(tiny_task(TEXT.replace("batch 4", "augment flip(both); batch 4"), masked()))
    assert (labels == (images[:, 2:4, 1:5] > 0.5)).all()


def test_mirrored_borders_leave_the_whole_mask():
    text = TEXT.replace("| rescale", "| pad(1, mode=mirror) | rescale")
    _, labels, _ = batch_of(tiny_task(text, masked(size=(4, 5))))
    assert labels.shape == (4, 2, 4)
    assert Pad(2, "mirror").apply(np.arange(3).reshape(1, 3, 1)).ravel().tolist() == [2, 1, 0, 1, 2, 1, 0]
    assert Pad(1, "mirror").apply_masks(np.array([[[0, 1], [2, 3]]]))[0, 0].tolist() == [3, 2, 3, 2]


def test_a_rehearsal_says_what_masks_are_cut_to():
    task = tiny_task(TEXT, masked())
    found = dict(rehearse(task, compiled(task, threads=1)))
    assert found["masks"] == "cut to the output's 2x4, about the centre of 6x7"


def test_masks_are_not_cut_to_a_map_that_was_sampled_down():
    with pytest.raises(NetError) as caught:
        tiny_task(SAMPLED, masked(size=(6, 6)))
    assert caught.value.code == "N508"
    assert "is 3x3x2, whose places are 2x2 pixels apart, and the masks are 6x6" in str(caught.value)


def test_trained_measured_and_examined_on_the_same_centre(tmp_path):
    data, path = masked(), tmp_path / "toy.npz"
    given = {f"{part}_{key}": one for part in ("train", "test") for key, one in _arrays(data).items()}
    np.savez(path, **given)
    text = TEXT.replace("toy.npz", str(path))
    train_net(parse(text), out=tmp_path / "run", terms=Terms(threads=1))
    trained = open_run(tmp_path / "run")
    assert 0 <= evaluate(trained).metrics["iou"] <= 1
    assert next(iter(examine(trained).values())).said.shape == (2, 2, 4)


def _arrays(data):
    return {"images": data.images, "labels": data.labels}
