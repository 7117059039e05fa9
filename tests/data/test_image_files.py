"""Images that stay in their files behave as the array of their pixels."""

import numpy as np
import pytest
from PIL import Image

from netdsl.data import folder
from netdsl.data.image import Fit
from netdsl.data.image_files import ImageFiles, list_images
from netdsl.data.open import open_data
from netdsl.errors import NetError


@pytest.fixture
def paths(tmp_path):
    found = []
    for i in range(5):
        found.append(tmp_path / f"{i}.png")
        Image.new("L", (4, 2 + 2 * (i % 2)), i).save(found[-1])
    return tuple(found)


def test_an_index_array_and_a_slice_read_those_files(paths):
    files = list_images(paths[::2])
    assert files.shape == (3, 2, 4, 1)
    assert files[np.array([2, 0])][:, 0, 0, 0].tolist() == [4, 0]
    assert files[1:].tobytes() == files.load()[1:].tobytes()


def test_images_of_several_sizes_are_brought_to_one(paths):
    assert list_images(paths, channels=3, fit=Fit((3, 5)))[:].shape == (5, 3, 5, 3)
    with pytest.raises(NetError, match=r"is 4x4x1, but .* is 2x4x1: the images of a folder have one size, unless"):
        list_images(paths)


def test_digest_depends_on_the_bytes_of_every_file(paths):
    before = list_images(paths[::2]).digest
    assert before == list_images(paths[::2]).digest
    Image.new("L", (4, 2), 99).save(paths[4])
    assert before != list_images(paths[::2]).digest


def test_large_folder_is_left_in_its_files_with_the_same_pixels(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.effect_noise((8, 8), 50).save(tmp_path / name / "1.png")
    kept = open_data(tmp_path).train
    monkeypatch.setattr(folder, "IN_MEMORY", 0)
    left = open_data(tmp_path).train
    assert isinstance(left.images, ImageFiles)
    assert left.images[:].tobytes() == kept.images.tobytes()
    assert left.shape == kept.shape
