"""A folder of IDX files with the names of MNIST."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import MAX_CLASSES, Dataset, Split, check_counts, check_labels, check_same_shape
from netdsl.data.idx import read_images, read_labels
from netdsl.data.names import named_or_counted
from netdsl.errors import fail
from netdsl.files.regular import quoted

IMAGE_NAMES = ("{}-images-idx3-ubyte", "{}-images.idx3-ubyte")
LABEL_NAMES = ("{}-labels-idx1-ubyte", "{}-labels.idx1-ubyte")


def is_idx_folder(root: Path) -> bool:
    """Whether the folder has training images under a name of MNIST."""
    return _find(root, IMAGE_NAMES, "train") is not None


def open_idx_folder(root: Path, name: str) -> Split:
    """`train-images-idx3-ubyte` … and, where they are there, `t10k-…` and `classes.txt`. Raises N601 to N605."""
    parts = {part: _read_part(root, part) for part in ("train", "t10k") if _find(root, IMAGE_NAMES, part)}
    classes = named_or_counted(root, max(int(labels.max()) for _, labels in parts.values()))
    found = {part: Dataset(images, labels, classes, name) for part, (images, labels) in parts.items()}
    for dataset in found.values():
        check_labels(dataset, len(classes))
    check_same_shape(found["train"], found.get("t10k"))
    return Split(found["train"], found.get("t10k"))


def _find(root: Path, names: tuple[str, ...], part: str) -> Path | None:
    candidates = [root / (name.format(part) + suffix) for name in names for suffix in ("", ".gz")]
    return next((path for path in candidates if os.path.exists(path)), None)


def _read_part(root: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images_path, labels_path = _find(root, IMAGE_NAMES, part), _find(root, LABEL_NAMES, part)
    assert images_path
    if labels_path is None:
        raise fail("N601", f"{quoted(root)} has {quoted(images_path.name)}, but no `{LABEL_NAMES[0].format(part)}`")
    labels, images = read_labels(labels_path), read_images(images_path)
    check_counts(len(images), len(labels), quoted(images_path), quoted(labels_path))
    bad = np.flatnonzero((labels < 0) | (labels >= MAX_CLASSES))
    if len(bad):
        raise fail(
            "N605", f"{quoted(labels_path)}: label {bad[0]} is {labels[bad[0]]}; 0 to {MAX_CLASSES - 1} are allowed"
        )
    return images, labels
