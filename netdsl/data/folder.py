"""A folder of images: one sub-folder a class, named after it; classes and files in the order of their names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdsl.data.image import SUFFIXES, image_shape, read_image
from netdsl.errors import escape, fail
from netdsl.files.regular import quoted
from netdsl.shapes import format_shape

DESKTOP_FILES = ("Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Listing:
    """The files of an image folder: class names in order, and for each image its path and class."""

    root: Path
    classes: tuple[str, ...]
    files: tuple[tuple[Path, int], ...]


def class_folders(root: Path) -> list[Path]:
    """Sub-folders of `root` in the order of their names; hidden ones are left out."""
    return [entry for entry in _entries(root) if entry.is_dir()]


def list_folder(root: Path, *, classes: tuple[str, ...] | None = None) -> Listing:
    """The images under `root`/CLASS/. With `classes`, those of the training part, another class is an error.

    Raises `NetError` N601 where there is no image, or a file that is none, N605 for a class unknown to `classes`.
    """
    folders = class_folders(root)
    names = classes or tuple(folder.name for folder in folders)
    files: list[tuple[Path, int]] = []
    for folder in folders:
        if folder.name not in names:
            raise fail("N605", f"{quoted(folder)}: the training images have no class `{escape(folder.name)}`")
        files += [(path, names.index(folder.name)) for path in _images(folder)]
    if not files:
        raise fail("N601", f"{quoted(root)} holds no images: one sub-folder a class is expected")
    return Listing(root, names, tuple(files))


def read_folder(listing: Listing, *, channels: int | None = None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images, uint8 (N, H, W, C), and labels, int64 (N,). C is `channels`, 1 or 3, or by default the first image's.

    All sizes are read from the heads of the files before memory is taken. Raises `NetError`: N606 and N607 for an
    image that cannot be read or has another size than the first, N607 where memory does not suffice.
    """
    first = listing.files[0][0]
    shape = image_shape(first, channels=channels)
    for path, _ in listing.files:
        found = image_shape(path, channels=shape[2])
        if found != shape:
            raise fail(
                "N606",
                f"{quoted(path)} is {format_shape(found)}, but {quoted(first)} is {format_shape(shape)}: "
                "the images of a folder have one size",
            )
    needed, memory = len(listing.files) * prod(shape), _memory()
    if needed > memory:
        raise fail("N607", f"{quoted(listing.root)} needs {needed} bytes of memory; this machine has {memory}")
    images = np.empty((len(listing.files), *shape), np.uint8)
    for i, (path, _) in enumerate(listing.files):
        images[i] = read_image(path, channels=shape[2])
    return images, np.array([label for _, label in listing.files], np.int64)


def _images(folder: Path) -> list[Path]:
    found = [path for path in _entries(folder) if path.name not in DESKTOP_FILES]
    for path in found:
        if path.suffix.lower() not in SUFFIXES:
            what = "a folder" if path.is_dir() else f"none of {' '.join(SUFFIXES)}"
            raise fail("N601", f"{quoted(path)} is {what}: the folder of a class holds images only")
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise fail("N601", f"{quoted(folder)} cannot be read: {(error.strerror or str(error)).lower()}") from None
    return [folder / name for name in names if not name.startswith(".")]


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
