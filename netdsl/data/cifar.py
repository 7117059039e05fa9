"""The binary files of CIFAR-10 and CIFAR-100 (Krizhevsky 2009).

A file is records without a head: one byte of label (CIFAR-100: the coarse, then the fine one), then 3072 bytes of a
32x32 image, all red, then all green, then all blue, rows from the top.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import Dataset, Split, check_labels
from netdsl.data.names import read_names
from netdsl.data.packed import check_memory
from netdsl.errors import fail
from netdsl.files.regular import open_regular, quoted

SIDE = 32
PIXELS = 3 * SIDE * SIDE


@dataclass(frozen=True)
class Form:
    """One of the two sets: its files, the bytes of labels before each image, the last of which is read."""

    train: tuple[str, ...]
    test: str
    names: str
    label_bytes: int
    classes: int


CIFAR_10 = Form(tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin", "batches.meta.txt", 1, 10)
CIFAR_100 = Form(("train.bin",), "test.bin", "fine_label_names.txt", 2, 100)


def is_cifar_folder(root: Path) -> bool:
    """Whether the folder has the first training file of CIFAR-10 or CIFAR-100."""
    return _form(root) is not None


def open_cifar_folder(root: Path, name: str) -> Split:
    """The training files that are there, and the test file where there is one. Raises `NetError` N601 to N605."""
    form = _form(root)
    assert form
    names = root / form.names
    classes = read_names(names) if names.exists() else tuple(str(i) for i in range(form.classes))
    if len(classes) != form.classes:
        raise fail("N605", f"{quoted(names)} has {len(classes)} names; there are {form.classes} classes")
    train = _read([root / one for one in form.train if os.path.exists(root / one)], form, classes, name)
    test = root / form.test
    return Split(train, _read([test], form, classes, name) if os.path.exists(test) else None)


def _form(root: Path) -> Form | None:
    return next((form for form in (CIFAR_10, CIFAR_100) if os.path.exists(root / form.train[0])), None)


def _read(paths: list[Path], form: Form, classes: tuple[str, ...], name: str) -> Dataset:
    record = form.label_bytes + PIXELS
    images, labels = list[NDArray[np.uint8]](), list[NDArray[np.int64]]()
    for path in paths:
        file, size = open_regular(path)
        with file:
            if not size or size % record:
                whole = max(size // record, 1)
                raise fail(
                    "N603",
                    f"{quoted(path)}: expected {whole * record} bytes for {whole} images of {record} bytes, got {size}",
                )
            check_memory(path, size)
            rows = np.frombuffer(file.read(), np.uint8)
        if len(rows) != size:
            raise fail("N603", f"{quoted(path)}: expected {size} bytes, got {len(rows)}")
        rows = rows.reshape(-1, record)
        planes = rows[:, form.label_bytes :].reshape(-1, 3, SIDE, SIDE)
        images.append(np.ascontiguousarray(planes.transpose(0, 2, 3, 1)))
        labels.append(rows[:, form.label_bytes - 1].astype(np.int64))
        check_labels(Dataset(images[-1], labels[-1], classes, str(path)), form.classes)
    return Dataset(np.concatenate(images), np.concatenate(labels), classes, name)
