"""Opening data by name and folder, and FAULTS rows 73, 78 and 80."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from netdsl.data.dataset import Dataset, check_labels
from netdsl.data.open import open_data
from netdsl.errors import NetError


def write_idx(path, array):
    content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_part(root, part, labels, suffix="", images=None):
    count = len(labels) if images is None else images
    write_idx(root / f"{part}-images-idx3-ubyte{suffix}", np.arange(count * 4).reshape(count, 2, 2))
    write_idx(root / f"{part}-labels-idx1-ubyte{suffix}", np.array(labels))


def write_image(path, *, size=(2, 2), colour=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, colour).save(path)


def refused(root, code, **how):
    with pytest.raises(NetError) as caught:
        open_data(root, **how)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_mnist_file_names_are_found(tmp_path, suffix):
    write_part(tmp_path, "train", [0, 1, 2], suffix)
    write_part(tmp_path, "t10k", [1], suffix)
    split = open_data(tmp_path)
    assert split.train.images[1, :, :, 0].tolist() == [[4, 5], [6, 7]]
    assert split.train.classes == split.test.classes == ("0", "1", "2")
    assert split.test.labels.tolist() == [1]


def test_test_part_may_be_missing(tmp_path):
    write_part(tmp_path, "train", [0, 1])
    assert open_data(tmp_path).test is None


def test_classes_file_names_the_classes(tmp_path):
    write_part(tmp_path, "train", [0, 1])
    (tmp_path / "classes.txt").write_text("Trägerkleid\ncoat\n")
    assert open_data(tmp_path).train.classes == ("Trägerkleid", "coat")


def test_mark_before_the_class_names_is_no_part_of_the_first(tmp_path):
    write_part(tmp_path, "train", [0, 1])
    (tmp_path / "classes.txt").write_text("dress\ncoat\n", "utf-8-sig")
    assert open_data(tmp_path).train.classes == ("dress", "coat")


@pytest.mark.parametrize(("content", "code"), [(b"\xff\n", "N602"), (b"only\n", "N605")])
def test_bad_classes_file_is_refused(tmp_path, content, code):
    write_part(tmp_path, "train", [0, 1])
    (tmp_path / "classes.txt").write_bytes(content)
    refused(tmp_path, code)


@pytest.mark.parametrize(("images", "index"), [(2, 2), (4, 3)])
def test_another_number_of_labels_than_images_is_refused(tmp_path, images, index):  # row 73
    write_part(tmp_path, "train", [0, 1, 2], images=images)
    message = refused(tmp_path, "N605")
    assert f"{images} images" in message
    assert f"index {index} has no partner" in message


def test_label_beyond_the_classes_is_refused_with_its_index(tmp_path):  # row 73
    write_part(tmp_path, "train", [0, 1, 9, 7])
    (tmp_path / "classes.txt").write_text("a\nb\n")
    assert "label 2 is 9, but there are 2 classes, 0 to 1" in refused(tmp_path, "N605")


def test_label_beyond_the_outputs_is_refused_with_its_index():  # row 73
    data = Dataset(np.zeros((3, 1, 1, 1), np.uint8), np.array([0, -1, 5]), ("a",) * 6, "toy")
    with pytest.raises(NetError, match="`toy`: label 1 is -1, but there are 3 classes"):
        check_labels(data, 3)


def test_images_without_labels_are_refused(tmp_path):
    write_part(tmp_path, "train", [0, 1])
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    assert "no `train-labels-idx1-ubyte`" in refused(tmp_path, "N601")


def test_one_class_is_refused(tmp_path):  # row 80
    write_part(tmp_path, "train", [0, 0, 0])
    assert "one class only" in refused(tmp_path, "N605")


@pytest.mark.parametrize("parts", [("",), ("train",), ("train", "test"), ("train", "val")])
def test_class_folders_are_found(tmp_path, parts):
    for part in parts:
        write_image(tmp_path / part / "b" / "1.png", colour=10)
        write_image(tmp_path / part / "a" / "2.png", colour=20)
        write_image(tmp_path / part / "a" / "1.PNG", colour=30)
    split = open_data(tmp_path)
    assert split.train.classes == ("a", "b")
    assert split.train.labels.tolist() == [0, 0, 1]
    assert split.train.images[:, 0, 0, 0].tolist() == [30, 20, 10]
    assert (split.test is None) == (len(parts) == 1)


def test_channels_follow_the_net(tmp_path):
    write_image(tmp_path / "a" / "1.png")
    write_image(tmp_path / "b" / "1.png")
    assert open_data(tmp_path).train.shape == (2, 2, 1)
    assert open_data(tmp_path, size=(2, 2, 3)).train.shape == (2, 2, 3)


def test_images_of_two_sizes_are_refused_with_both(tmp_path):
    write_image(tmp_path / "a" / "1.png", size=(2, 3))
    write_image(tmp_path / "b" / "2.png", size=(4, 5))
    message = refused(tmp_path, "N606")
    assert "is 5x4x1" in message
    assert "is 3x2x1" in message


def test_test_class_unknown_to_training_is_refused(tmp_path):
    for part, names in (("train", "ab"), ("test", "ac")):
        for name in names:
            write_image(tmp_path / part / name / "1.png")
    assert "no class `c`" in refused(tmp_path, "N605")


def test_test_part_may_lack_a_class(tmp_path):
    for part, names in (("train", "abc"), ("test", "c")):
        for name in names:
            write_image(tmp_path / part / name / "1.png")
    assert open_data(tmp_path).test.labels.tolist() == [2]


def test_empty_folder_is_refused(tmp_path):  # row 80
    assert "holds no images" in refused(tmp_path, "N601")
    (tmp_path / "a").mkdir()
    assert "holds no images" in refused(tmp_path, "N601")


def test_stray_file_is_refused_and_hidden_ones_are_not(tmp_path):
    write_image(tmp_path / "a" / "1.png")
    write_image(tmp_path / "b" / "1.png")
    (tmp_path / "a" / ".DS_Store").touch()
    (tmp_path / "b" / "Thumbs.db").touch()
    assert len(open_data(tmp_path).train) == 2
    (tmp_path / "a" / "notes.txt").touch()
    assert "notes.txt" in refused(tmp_path, "N601")


def test_odd_names_of_classes_and_files_work(tmp_path):  # row 78
    write_image(tmp_path / "-rf" / "a\nb.png")
    write_image(tmp_path / "new\nline" / "-.png")
    assert open_data(tmp_path).train.classes == ("-rf", "new\nline")
    (tmp_path / "-rf" / "a\nb.png").write_bytes(b"x")
    assert r"a\u{a}b.png" in refused(tmp_path, "N606")


@pytest.mark.parametrize("spec", ["no_such_data", "", "a\0b"])
def test_unknown_data_is_refused(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(spec, "N601")


def test_an_empty_name_is_not_the_folder_that_one_is_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image(tmp_path / "a" / "0.png")
    write_image(tmp_path / "b" / "0.png")
    assert "no data are named" in refused("", "N601")


def test_near_name_is_suggested():
    assert "did you mean `fashion_mnist`?" in refused("fashon_mnist", "N601")


def test_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "x.zip").touch()
    assert "is neither a folder nor a file that ends in" in refused(tmp_path / "x.zip", "N601")


def test_digest_depends_on_every_part():
    images, labels = np.zeros((2, 1, 1, 1), np.uint8), np.array([0, 1])
    base = Dataset(images, labels, ("a", "b"), "x").digest
    assert Dataset(images + 0, labels + 0, ("a", "b"), "y").digest == base
    others = [
        Dataset(images + 1, labels, ("a", "b"), "x"),
        Dataset(images, 1 - labels, ("a", "b"), "x"),
        Dataset(images, labels, ("a", "c"), "x"),
        Dataset(images.astype(np.float32), labels, ("a", "b"), "x"),
    ]
    assert len({base, *(other.digest for other in others)}) == 5
