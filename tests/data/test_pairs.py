"""Images with masks: classes of pixels, parts, sizes, and what is no pair."""

import numpy as np
import pytest
from PIL import Image

from netdsl.data.image import Fit
from netdsl.data.open import open_data
from netdsl.errors import NetError


def write(folder, stem, mask, *, size=None, mode="L", suffix=".png"):
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    mask = np.array(mask, np.uint8)
    Image.new("RGB", size or mask.shape[::-1], (9, 8, 7)).save(folder / "images" / f"{stem}.png")
    picture = Image.fromarray(mask)
    if mode == "P":
        picture = picture.convert("L")
        picture = Image.frombytes("P", picture.size, picture.tobytes())
        picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture.save(folder / "masks" / f"{stem}{suffix}")


def refused(root, code, **how):
    with pytest.raises(NetError) as caught:
        open_data(root, **how)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("mode", ["L", "P"])
def test_levels_and_palette_indices_are_classes(tmp_path, mode):
    write(tmp_path, "b", [[0, 1], [2, 0]], mode=mode)
    write(tmp_path, "a", [[0, 0], [0, 0]], mode=mode)
    train = open_data(tmp_path).train
    assert train.labels.tolist() == [[[0, 0], [0, 0]], [[0, 1], [2, 0]]]
    assert train.shape == (2, 2, 3)
    assert train.classes == ("0", "1", "2")


def test_black_and_white_masks_have_two_classes(tmp_path):
    write(tmp_path, "a", [[0, 255]])
    assert open_data(tmp_path).train.labels.tolist() == [[[0, 1]]]


def test_parts_and_class_names_are_found(tmp_path):
    for part in ("train", "val", "test"):
        write(tmp_path / part, "a", [[0, 1]])
    (tmp_path / "classes.txt").write_text("background\nbrain\n")
    split = open_data(tmp_path)
    assert split.validation.labels.shape == split.test.labels.shape == (1, 1, 2)
    assert split.train.classes == ("background", "brain")


def test_resizing_does_not_mix_classes(tmp_path):
    write(tmp_path, "a", np.kron([[0, 2], [1, 0]], np.ones((4, 4))))
    write(tmp_path, "b", np.kron([[0, 2], [1, 0]], np.ones((2, 2))))
    train = open_data(tmp_path, fit=Fit((2, 2))).train
    assert train.labels.tolist() == [[[0, 2], [1, 0]]] * 2


def test_label_beyond_the_classes_is_refused_with_its_pixel(tmp_path):  # row 73
    write(tmp_path, "a", [[0, 0], [0, 3]])
    (tmp_path / "classes.txt").write_text("a\nb\n")
    assert "mask 0, row 1, column 1 is 3, but there are 2 classes" in refused(tmp_path, "N605")


def test_what_has_no_partner_is_refused(tmp_path):
    write(tmp_path, "a", [[0, 1]])
    write(tmp_path, "b", [[0, 1]])
    (tmp_path / "masks" / "b.png").unlink()
    assert "b.png` has no mask of the same name" in refused(tmp_path, "N613")
    (tmp_path / "images" / "b.png").rename(tmp_path / "masks" / "c.png")
    assert "c.png` has no image of the same name" in refused(tmp_path, "N613")


def test_mask_of_another_size_is_refused_with_both(tmp_path):
    write(tmp_path, "a", [[0, 1]], size=(3, 2))
    assert "a.png` is 1x2, but" in refused(tmp_path, "N613")


def test_mask_in_colour_or_jpeg_is_refused(tmp_path):
    write(tmp_path, "a", [[0, 1]])
    Image.new("RGB", (2, 1)).save(tmp_path / "masks" / "a.png")
    assert "is in colour" in refused(tmp_path, "N606")
    write(tmp_path / "x", "a", [[0, 1]], suffix=".jpg")
    assert "save masks as PNG" in refused(tmp_path / "x", "N606")


@pytest.mark.parametrize("folder", ["images", "masks"])
def test_two_files_of_one_name_are_refused(tmp_path, folder):
    write(tmp_path, "a", [[0, 1]])
    Image.new("L", (2, 1)).save(tmp_path / folder / "a.bmp")
    message = refused(tmp_path, "N613")
    assert "a.png` and" in message and "a.bmp` have the same name" in message
