"""Arrays in one .npz file, under the names that data sets use, read without ever unpickling anything.

Images and labels are called `x` and `y`, `images` and `labels`, or, with the parts of a set, `x_train`, `y_train`,
`x_test` … (Keras) or `train_images`, `train_labels`, `val_images`, `test_images` … (MedMNIST). `classes` may name the
classes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import MAX_CLASSES, Dataset, Images, Split, check_counts, check_labels, check_same_shape
from netdsl.data.packed import MAX_RATIO, check_memory, most_unpacked
from netdsl.errors import NetError, escape, fail
from netdsl.files.regular import open_regular, quoted
from netdsl.shapes import Shape, format_shape

INPUTS, TARGETS = ("images", "x", "X", "data"), ("labels", "y", "target")
PARTS = {"train": ("train",), "validation": ("val", "valid"), "test": ("test",)}
MOST_ARRAYS = 1000
Arrays = Mapping[str, NDArray[Any]]


def open_archive(path: Path, name: str, *, size: Shape | None) -> Split:
    """The parts of an archive. `size`, the input of the net, tells series (N, L, C) from grey images (N, H, W).

    Raises `NetError`: N601 the file cannot be read, N604 it is damaged or expands beyond 100:1, N605 for labels, N607
    where memory does not suffice, N612 for arrays that are missing or of another kind.
    """
    arrays, what = read_arrays(path), quoted(path)
    pairs = {part: pair for part, words in PARTS.items() if (pair := _pair(arrays, _names(words)))}
    if "train" not in pairs:
        pair = _pair(arrays, [(x, y) for x in INPUTS for y in TARGETS])
        if pair is None:
            there = ", ".join(quoted(one) for one in sorted(arrays)[:10]) or "none"
            raise fail("N612", f"{what} has no images and labels: its arrays are {there}")
        pairs["train"] = pair
    read = {
        part: (as_images(arrays[x], what, x, size), as_labels(arrays[y], what, y)) for part, (x, y) in pairs.items()
    }
    for part, (images, labels) in read.items():
        check_counts(len(images), len(labels), f"{what}, {quoted(pairs[part][0])},", quoted(pairs[part][1]))
        check_masks(labels, images, what, pairs[part][1], pairs[part][0])
    numbers = any(labels.dtype.kind == "f" for _, labels in read.values())
    classes = () if numbers else classes_in(arrays, [labels for _, labels in read.values()], what)
    found = {
        part: Dataset(images, as_learned(labels, numbers), classes, name) for part, (images, labels) in read.items()
    }
    for dataset in found.values():
        check_labels(dataset, len(classes))
        check_same_shape(found["train"], dataset)
    return Split(found["train"], test=found.get("test"), validation=found.get("validation"))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of an archive, its size being checked before memory is taken. Raises N601, N604, N607, N612."""
    file, size = open_regular(path)
    with file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                _check_sizes(path, size, entries)
                return {entry.filename.removesuffix(".npy"): _read(archive, entry, path) for entry in entries}
        except NetError:
            raise
        except Exception as error:  # zipfile given hostile bytes raises almost anything
            words = escape(str(error).splitlines()[0][:160]) if str(error) else type(error).__name__
            raise fail("N604", f"{quoted(path)}: damaged archive: {words}") from None


def _check_sizes(path: Path, size: int, entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    if total > most_unpacked(size):
        raise fail("N604", f"{quoted(path)}: {size} bytes promise {total}: more than {MAX_RATIO} to 1")
    if len(entries) > MOST_ARRAYS or len({entry.filename for entry in entries}) < len(entries):
        raise fail("N612", f"{quoted(path)} holds {len(entries)} arrays, some of one name or more than {MOST_ARRAYS}")
    check_memory(path, total)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    """One array; its head must agree with the size that the archive states."""
    what = f"{quoted(path)}, {quoted(entry.filename)}"
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
        if dtype.hasobject or dtype.kind not in "biufU":
            raise fail("N612", f"{what} holds {dtype}: only numbers and words are read, nothing is unpickled")
        needed = prod(shape) * dtype.itemsize
        if file.tell() + needed != entry.file_size:
            raise fail(
                "N612",
                f"{what}: expected {needed} bytes for {format_shape(shape)} elements of {dtype}, "
                f"got {entry.file_size - file.tell()}",
            )
        array = np.frombuffer(file.read(), dtype)
    return array.reshape(shape, order="F" if fortran else "C")


def _names(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Names of images and labels of a part: `train_images`, `x_train`, `train_x`."""
    return [
        (form.format(x, word), form.format(y, word))
        for word in words
        for x, y in zip(INPUTS, (TARGETS[0], TARGETS[1], TARGETS[1], TARGETS[2]), strict=True)
        for form in ("{1}_{0}", "{0}_{1}")
    ]


def _pair(arrays: Arrays, names: list[tuple[str, str]]) -> tuple[str, str] | None:
    return next(((x, y) for x, y in names if x in arrays and y in arrays), None)


def as_images(array: NDArray[Any], what: str, name: str, size: Shape | None) -> Images:
    """Images (N, H, W, C), series (N, L, C) or vectors (N, K); `size` tells series from grey images. Raises N612."""
    if size == (1,) and array.ndim == 1:
        array = array[:, None]
    if array.dtype.kind == "U" or not 2 <= array.ndim <= 4 or 0 in array.shape:
        wanted = "not images, series or rows of numbers, one an example"
        raise fail("N612", f"{what}: {quoted(name)} is {described(array)}, {wanted}")
    series = size is not None and len(size) == 2
    if array.ndim == 3 and not series:
        array = array[..., None]
    if array.dtype.kind == "b" or array.dtype == np.uint8:
        return np.ascontiguousarray(array, np.uint8)
    return _finite(array, what, name)


def _finite(array: NDArray[Any], what: str, name: str) -> NDArray[np.float32]:
    """The numbers as float32; `NetError` N612 with the place of the first that is not finite, or too large for that."""
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(numbers).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        kind = "too large for float32" if np.isfinite(array[first]) else "not finite"
        raise fail("N612", f"{what}: {quoted(name)} is {kind} at {first}")
    return numbers


def described(array: NDArray[Any]) -> str:
    """Shape and type of an array, in words."""
    kind = "words" if array.dtype.kind == "U" else array.dtype
    return f"{format_shape(array.shape)} of {kind}" if array.ndim else f"a single one of {kind}"


def as_labels(array: NDArray[Any], what: str, name: str) -> NDArray[Any]:
    """Labels (N,), masks (N, H, W) or numbers (N, K)."""
    if array.ndim in (2, 4) and array.shape[-1] == 1:
        array = array[..., 0]
    if array.dtype.kind == "f" and array.ndim in (1, 2) and array.size:
        return _finite(array, what, name).reshape(len(array), -1)
    if array.dtype.kind not in "biu" or array.ndim not in (1, 3) or 0 in array.shape:
        raise fail(
            "N612",
            f"{what}: {quoted(name)} is {described(array)}: labels are whole numbers, "
            "one an image or one a pixel, or numbers to be learned, finite, a row an image",
        )
    return array.astype(np.int64)


def check_masks(labels: NDArray[Any], images: Images, what: str, labels_name: str, images_name: str) -> None:
    """`NetError` N612 for masks of another size than their images."""
    if labels.ndim == 3 and labels.shape[1:] != images.shape[1:-1]:
        sizes = f"{format_shape(labels.shape[1:])} and {format_shape(images.shape[1:])} for an image"
        names = f"{quoted(labels_name)} and {quoted(images_name)}"
        raise fail("N612", f"{what}: {names} are {sizes}: a mask has the size of its image")


def as_learned(labels: NDArray[Any], numbers: bool) -> NDArray[Any]:
    """Labels as a data set has them, where they are to be learned as numbers or not."""
    return labels.astype(np.float32).reshape(len(labels), -1) if numbers else labels


def classes_in(arrays: Arrays, labels: list[NDArray[Any]], what: str, name: str = "classes") -> tuple[str, ...]:
    """The names in the array `name`, or the numbers up to the largest label; `NetError` N605 for too large ones."""
    named = arrays.get(name)
    if named is not None and named.dtype.kind == "U" and named.ndim == 1:
        names = tuple(str(one) for one in named)
        twice = next((one for i, one in enumerate(names) if one in names[:i]), None)
        if twice is not None:
            raise fail("N605", f"{what}: {quoted(name)} has {quoted(twice)} twice; each class has a name of its own")
        return names
    most = max(int(one.max()) for one in labels)
    if most >= MAX_CLASSES:
        raise fail("N605", f"{what} has the label {most}; 0 to {MAX_CLASSES - 1} are allowed")
    return tuple(str(i) for i in range(most + 1))
