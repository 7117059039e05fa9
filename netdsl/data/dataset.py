"""A data set in memory, and opening one by name or folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdsl.data.folder import class_folders, list_folder, read_folder
from netdsl.data.idx import read_images, read_labels
from netdsl.errors import NetError, fail
from netdsl.files.regular import open_regular, quoted
from netdsl.shapes import Shape

MAX_CLASSES = 2**16
MAX_NAMES_FILE = 4 * 2**20
TEST_FOLDERS = ("test", "val")
IMAGE_NAMES = ("{}-images-idx3-ubyte", "{}-images.idx3-ubyte")
LABEL_NAMES = ("{}-labels-idx1-ubyte", "{}-labels.idx1-ubyte")


@dataclass(frozen=True)
class Shipped:
    """A data set that comes with netdsl."""

    name: str
    title: str
    train: int
    test: int
    shape: Shape
    classes: int
    licence: str


SHIPPED = (
    Shipped("fashion_mnist", "the first 6,000 + 1,000 images of Fashion-MNIST", 6000, 1000, (28, 28, 1), 10, "MIT"),
)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (N, H, W, C), uint8 or float32; labels (N,), int64, indices into `classes`; all N ≥ 1."""

    images: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    name: str

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (H, W, C) of one image."""
        height, width, channels = self.images.shape[1:]
        return height, width, channels

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the shape, type and bytes of the images, the labels and the class names."""
        sha = hashlib.sha256(repr((self.images.shape, self.images.dtype.str, self.classes)).encode())
        sha.update(np.ascontiguousarray(self.images).data)
        sha.update(np.ascontiguousarray(self.labels, "<i8").data)
        return sha.hexdigest()


@dataclass(frozen=True)
class Split:
    """The training part of a data set, and its test part where it has one."""

    train: Dataset
    test: Dataset | None


def open_data(spec: str | Path, *, size: Shape | None = None) -> Split:
    """A data set: a shipped name such as `fashion_mnist`, or a folder.

    A folder holds either IDX files with the names of MNIST (`train-images-idx3-ubyte`, with or without `.gz`; the
    test part, `t10k-…`, may be missing; `classes.txt`, one name a line, is optional), or `train/` and `test/` (or
    `val/`) with one sub-folder of images a class, or just such sub-folders.

    `size` is the input of the net, H x W x C: its channels, 1 or 3, say what images in colour or grey are converted
    to. Heights and widths are the business of `check_fits`. Raises `NetError` N601 to N607.
    """
    shipped = next((data.name for data in SHIPPED if data.name == str(spec)), None)
    root = Path(__file__).parent / shipped if shipped else Path(spec)
    if not os.path.isdir(root):  # unlike Path.is_dir, false for names that no file can have
        raise _unknown(str(spec), exists=os.path.exists(root))
    name = shipped or root.resolve().name
    split = _open_idx(root, name) if _find(root, IMAGE_NAMES, "train") else _open_folder(root, name, size)
    if len(split.train.classes) < 2:
        raise fail("N605", f"{quoted(spec)} has one class only: there is nothing to tell apart")
    return split


def check_labels(dataset: Dataset, classes: int) -> None:
    """`NetError` N605, with the first bad index, unless every label is below `classes`."""
    bad = np.flatnonzero((dataset.labels < 0) | (dataset.labels >= classes))
    if len(bad):
        raise fail(
            "N605",
            f"{quoted(dataset.name)}: label {bad[0]} is {dataset.labels[bad[0]]}, "
            f"but there are {classes} classes, 0 to {classes - 1}",
        )


def _unknown(spec: str, *, exists: bool) -> NetError:
    if exists:
        return fail("N601", f"{quoted(spec)} is not a folder: data is a folder, or one of the names of `netdsl list`")
    near = get_close_matches(spec, [data.name for data in SHIPPED], 1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    return fail("N601", f"{quoted(spec)} is neither a folder nor data that ships with netdsl{hint}")


def _find(root: Path, names: tuple[str, ...], part: str) -> Path | None:
    candidates = [root / (name.format(part) + suffix) for name in names for suffix in ("", ".gz")]
    return next((path for path in candidates if os.path.exists(path)), None)


def _open_idx(root: Path, name: str) -> Split:
    parts = {part: _read_idx_part(root, part) for part in ("train", "t10k") if _find(root, IMAGE_NAMES, part)}
    named = root / "classes.txt"
    if named.exists():
        classes = _read_names(named)
    else:
        classes = tuple(str(i) for i in range(1 + max(int(labels.max()) for _, labels in parts.values())))
    found = {part: Dataset(images, labels, classes, name) for part, (images, labels) in parts.items()}
    for dataset in found.values():
        check_labels(dataset, len(classes))
    return Split(found["train"], found.get("t10k"))


def _read_idx_part(root: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images_path, labels_path = _find(root, IMAGE_NAMES, part), _find(root, LABEL_NAMES, part)
    assert images_path
    if labels_path is None:
        raise fail("N601", f"{quoted(root)} has {quoted(images_path.name)}, but no `{LABEL_NAMES[0].format(part)}`")
    labels, images = read_labels(labels_path), read_images(images_path)
    if len(images) != len(labels):
        raise fail(
            "N605",
            f"{quoted(images_path)} holds {len(images)} images, {quoted(labels_path)} {len(labels)} labels: "
            f"index {min(len(images), len(labels))} has no partner",
        )
    bad = np.flatnonzero((labels < 0) | (labels >= MAX_CLASSES))
    if len(bad):
        raise fail(
            "N605", f"{quoted(labels_path)}: label {bad[0]} is {labels[bad[0]]}; 0 to {MAX_CLASSES - 1} are allowed"
        )
    return images, labels


def _read_names(path: Path) -> tuple[str, ...]:
    file, size = open_regular(path)
    with file:
        if size > MAX_NAMES_FILE:
            raise fail("N603", f"{quoted(path)} has {size} bytes; {MAX_NAMES_FILE} at most")
        content = file.read()
    try:
        return tuple(line.strip() for line in content.decode().splitlines() if line.strip())
    except UnicodeDecodeError as error:
        raise fail("N602", f"{quoted(path)}: byte {error.start}: class names are UTF-8, one a line") from None


def _open_folder(root: Path, name: str, size: Shape | None) -> Split:
    channels = size[2] if size and len(size) == 3 and size[2] in (1, 3) else None
    folders = {folder.name: folder for folder in class_folders(root)}
    train = list_folder(folders.get("train", root))
    images, labels = read_folder(train, channels=channels)
    part = Dataset(images, labels, train.classes, name)
    test_folder = (
        next((folders[test] for test in TEST_FOLDERS if test in folders), None) if "train" in folders else None
    )
    if test_folder is None:
        return Split(part, None)
    images, labels = read_folder(list_folder(test_folder, classes=train.classes), channels=part.shape[2])
    return Split(part, Dataset(images, labels, train.classes, name))
