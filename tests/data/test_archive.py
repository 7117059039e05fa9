"""Archives of arrays: the names that are known, and FAULTS rows 50, 51 and 71 to 73 for .npz."""

import io
import zipfile

import numpy as np
import pytest

from netdsl.data.open import open_data
from netdsl.errors import NetError

IMAGES = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)


@pytest.fixture
def archive(tmp_path):
    """Opens an archive of these arrays."""

    def write(size=None, **arrays):
        np.savez(tmp_path / "x.npz", **arrays)
        return open_data(tmp_path / "x.npz", size=size)

    return write


def refused(path, code):
    with pytest.raises(NetError) as caught:
        open_data(path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("images", "labels"), ("X", "y"), ("x_train", "y_train")])
def test_known_names_are_found(archive, x, y):
    split = archive(**{x: IMAGES, y: np.array([0, 2, 1])})
    assert split.train.images[1].tolist() == [[[4], [5]], [[6], [7]]]
    assert (split.train.labels.tolist(), split.train.classes) == ([0, 2, 1], ("0", "1", "2"))


def test_medmnist_has_three_parts_and_labels_in_a_column(archive):
    labels = np.array([[0], [1], [1]], np.uint8)
    parts = {part: {f"{part}_images": IMAGES, f"{part}_labels": labels} for part in ("train", "val", "test")}
    split = archive(**parts["train"], **parts["val"], **parts["test"])
    assert split.validation.labels.tolist() == split.test.labels.tolist() == [0, 1, 1]


def test_colour_series_vectors_and_masks_keep_their_shape(archive):
    y = np.array([0, 1, 1])
    assert archive(x=np.zeros((3, 4, 5, 3), np.float64), y=y).train.shape == (4, 5, 3)
    assert archive(x=np.zeros((3, 4, 5)), y=y, size=(4, 5)).train.shape == (4, 5)
    assert archive(x=np.zeros((3, 7), np.int16), y=y).train.shape == (7,)
    assert archive(x=IMAGES, y=IMAGES % 2).train.dense


def test_numbers_with_a_fraction_are_to_be_learned(archive):
    train = archive(x=IMAGES, y=np.array([0.5, 1.5, 2])).train
    assert (train.labels.tolist(), train.classes) == ([[0.5], [1.5], [2]], ())


def test_classes_are_named(archive):
    assert archive(x=IMAGES, y=np.array([0, 1, 0]), classes=np.array(["cat", "dog"])).train.classes == ("cat", "dog")


def test_two_classes_of_one_name_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", x=IMAGES, y=np.array([0, 1, 2]), classes=["cat", "dog", "cat"])
    assert "`classes` has `cat` twice" in refused(tmp_path / "x.npz", "N605")


def test_axes_in_fortran_order_are_read(archive):
    assert archive(x=np.asfortranarray(IMAGES), y=np.array([0, 1, 0])).train.images[2, 1, 0, 0] == 10


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": IMAGES}, "has no images and labels: its arrays are `a`"),
        ({"x": np.array([object()] * 3), "y": np.zeros(3, int)}, "nothing is unpickled"),
        ({"x": IMAGES, "y": np.array([0.5, np.nan, 1])}, "`y` is not finite at (1,)"),
        ({"x": IMAGES, "y": np.array([0.5, 1, -1e39])}, "`y` is too large for float32 at (2,)"),
        ({"x": IMAGES, "y": np.array([])}, "`y` is 0 of float64: labels are whole numbers"),
        ({"x": IMAGES, "y": np.float64(1)}, "`y` is a single one of float64: labels are whole numbers"),
        ({"x": IMAGES, "y": np.zeros((3, 2), int)}, "labels are whole numbers"),
        ({"x": np.full((3, 2), np.inf), "y": np.zeros(3, int)}, "`x` is not finite at (0, 0)"),
        ({"x": np.zeros((3, 4, 5)), "y": np.zeros((3, 4, 4), int)}, "`y` and `x` are 4x4 and 4x5x1 for an image"),
        ({"x": np.zeros((3, 0)), "y": np.zeros(3, int)}, "not images"),
        ({"x": np.float32(3), "y": np.zeros(3, int)}, "`x` is a single one of float32, not images"),
        ({"x": np.full((3, 2), "a"), "y": np.zeros(3, int)}, "`x` is 3x2 of words, not images"),
    ],
)
def test_other_arrays_are_refused(tmp_path, arrays, words):
    np.savez(tmp_path / "x.npz", **arrays)
    assert words in refused(tmp_path / "x.npz", "N612")


def test_unequal_counts_and_labels_beyond_the_classes_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", x=IMAGES, y=np.array([0, 1]))
    assert "index 2 has no partner" in refused(tmp_path / "x.npz", "N605")
    np.savez(tmp_path / "x.npz", x=IMAGES, y=np.array([0, -1, 1]))
    assert "label 1 is -1" in refused(tmp_path / "x.npz", "N605")


@pytest.mark.parametrize("cut", [0, 1, 40, 200])
def test_truncated_archive_is_refused(tmp_path, cut):
    np.savez(tmp_path / "x.npz", x=IMAGES, y=np.array([0, 1, 0]))
    content = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(content[:cut])
    refused(tmp_path / "x.npz", "N604")


def test_head_that_promises_more_than_there_is_is_refused_before_memory_is_taken(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (2**20, 2**20)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("x.npy", head.getvalue())
        file.writestr("y.npy", head.getvalue())
    assert "expected 8796093022208 bytes" in refused(tmp_path / "x.npz", "N612")


def test_archive_that_expands_beyond_100_to_1_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", bytes(70 * 2**20))
    assert "more than 100 to 1" in refused(tmp_path / "x.npz", "N604")
