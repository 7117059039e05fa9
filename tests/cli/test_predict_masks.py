"""`netdsl predict` on nets that answer with a mask, or with numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from netdsl.cli.eval import evaluate
from netdsl.cli.predict import predict
from netdsl.cli.train import train
from netdsl.data.image import read_mask
from netdsl.errors import NetError

MASKS = """net Bright { input image: 8x8x1; o: conv(3, 3x3, act=softmax) }
train Bright { data "toy.npz" | rescale; steps 1; batch 4 }
"""
NUMBERS = """net Sums { input image: 8x8x1; global_avgpool; dense(1) }
train Sums { data "toy.npz" | rescale; loss mse; steps 1; batch 4 }
"""


def run(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def home(folder, monkeypatch, text, labels):
    monkeypatch.chdir(folder)
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8)).astype(np.uint8)
    np.savez("toy.npz", images_train=images, labels_train=labels, images_test=images, labels_test=labels)
    (folder / "a.net").write_text(text)
    Image.fromarray(images[0]).save(folder / "photo.png")
    run(train, "a.net", "--out", "a")


@pytest.fixture
def masks(tmp_path, monkeypatch):
    home(tmp_path, monkeypatch, MASKS, np.random.default_rng(1).integers(0, 3, (8, 8, 8)))


def test_shares_of_pixels_are_told_and_masks_written(masks):
    (found,) = json.loads(run(predict, "a", "photo.png", "--masks", "found", "--format", "json"))
    mask = read_mask(Path("found/photo.png"))
    assert mask.shape == (6, 6)
    assert {one["name"]: one["score"] for one in found["classes"]} == {
        str(i): pytest.approx(np.mean(mask == i)) for i in range(3)
    }


def test_masks_of_the_examples_of_an_archive_keep_their_numbers(masks):
    np.savez("ask.npz", image=np.zeros((2, 8, 8), np.uint8))
    run(predict, "a", "ask.npz", "--masks", "found")
    assert sorted(path.name for path in Path("found").iterdir()) == ["ask[0].png", "ask[1].png"]


def test_images_and_archives_may_be_asked_about_together(masks):
    np.savez("ask.npz", image=np.zeros((2, 8, 8), np.uint8))
    found = json.loads(run(predict, "a", "photo.png", "ask.npz", "photo.png", "--format", "json"))
    assert [one["file"] for one in found] == ["photo.png", "ask.npz[0]", "ask.npz[1]", "photo.png"]
    both = json.loads(run(predict, "a", "photo.png", "ask.npz", "--ensemble", "a", "--format", "json"))
    assert both == found[:3]


def test_two_nets_are_measured_together(masks):
    one, both = (
        json.loads(run(evaluate, *how, "--format", "json", "--metrics", "iou"))
        for how in (["a"], ["a", "--ensemble", "a"])
    )
    assert both["iou"] == pytest.approx(one["iou"], abs=1e-6)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (["photo.png", "--crops", "5"], "views of parts have no mean"),
        (["photo.png", "photo.png", "--masks", "found"], "2 of the images are called `photo`"),
        (["photo.png", "--masks", "."], "the mask `photo.png` would replace the image"),
    ],
)
def test_what_masks_cannot_do_is_refused(masks, how, words):
    with pytest.raises(NetError, match=words):
        run(predict, "a", *how)


def test_numbers_keep_their_order(tmp_path, monkeypatch):
    home(tmp_path, monkeypatch, NUMBERS, np.linspace(0, 1, 8, dtype=np.float32))
    (found,) = json.loads(run(predict, "a", "photo.png", "--format", "json"))
    assert [one["name"] for one in found["classes"]] == ["0"]
    with pytest.raises(NetError, match="no mask"):
        run(predict, "a", "photo.png", "--masks", "found")
    assert not Path("found").exists()
