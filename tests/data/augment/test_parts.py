"""Images that stay in files: where an augmented image is a part of one, no more than that is made."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from netdsl.data.augment.policy import Augment, make_augmentation
from netdsl.data.draws import Draws
from netdsl.data.image import Fit, read_image
from netdsl.data.image_files import list_images
from netdsl.data.part import Part

DRAWS = Draws(1, 2, np.array([3, 0, 5, 1]))
CROP, FLIP = make_augmentation("crop", (6,)), make_augmentation("flip", ("both",))


@pytest.fixture
def files(tmp_path):
    paths = tuple(tmp_path / f"{i}.png" for i in range(6))
    for i, path in enumerate(paths):
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (9, 12, 3)).astype(np.uint8)).save(path)
    return list_images(paths)


def read(augment, files, draws=DRAWS):
    return np.concatenate(list(augment.read(files, draws)))


ROTATE, COLOR = make_augmentation("rotate", (20,)), make_augmentation("color", (0.4,))
PADDED = make_augmentation("crop", (10,), {"pad": 3})


@pytest.mark.parametrize(
    "chain", [(), (CROP,), (CROP, FLIP), (PADDED, FLIP), (FLIP, CROP), (CROP, ROTATE), (CROP, COLOR)]
)
def test_read_from_files_they_are_those_of_memory(files, chain):
    changed, _ = Augment(chain).change(files[DRAWS.indices], None, DRAWS)
    assert np.array_equal(read(Augment(chain), files), changed)


def test_of_resized_images_they_are_those_of_memory_but_for_rounding(files):
    resized = replace(files, image=(8, 7, 3), fit=Fit((8, 7)))
    changed, _ = Augment((CROP, FLIP)).change(resized[DRAWS.indices], None, DRAWS)
    assert np.abs(read(Augment((CROP, FLIP)), resized) - changed.astype(int)).max() <= 1


def test_an_image_does_not_depend_on_those_beside_it(files):
    resized = replace(files, image=(8, 7, 3), fit=Fit((8, 7), cover=True))
    padded = Augment((make_augmentation("crop", (7,), {"pad": 1}), FLIP))
    alone = [read(padded, resized, Draws(1, 2, np.array([i])))[0] for i in DRAWS.indices]
    assert np.array_equal(read(padded, resized), alone)


def test_a_part_of_a_photograph_is_not_made_from_the_rest(files):
    part = read_image(files.paths[0], part=Part(2, 1, (3, 4), upside_down=True, mirrored=True))
    assert np.array_equal(part, files[[0]][0, 2:5, 1:5][::-1, ::-1])
