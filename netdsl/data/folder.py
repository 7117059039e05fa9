"""A folder of images: one sub-folder a class, named after it; classes and files in the order of their names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netdsl.data.dataset import Dataset, Split
from netdsl.data.image import SUFFIXES, Fit
from netdsl.data.image_files import IN_MEMORY, list_images
from netdsl.errors import escape, fail
from netdsl.files.regular import quoted

DESKTOP_FILES = ("Thumbs.db", "desktop.ini")
MOST_SHOWN = 5


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

    Raises `NetError` N601 where there is no image, or a file that is none, N605 for a class unknown to `classes`, or
    without them for one that has no image.
    """
    folders = class_folders(root)
    names = classes or tuple(folder.name for folder in folders)
    files: list[tuple[Path, int]] = []
    empty: list[Path] = []
    for folder in folders:
        if folder.name not in names:
            raise fail("N605", f"{quoted(folder)}: the training images have no class `{escape(folder.name)}`")
        found = list_files(folder)
        files += [(path, names.index(folder.name)) for path in found]
        empty += [] if found else [folder]
    if not files:
        raise fail("N601", f"{quoted(root)} holds no images: one sub-folder a class is expected")
    if empty and classes is None:
        shown = ", ".join(map(quoted, empty[:MOST_SHOWN]))
        raise fail("N605", f"no images are in {shown}: put some there to learn the class from, or remove the folder")
    return Listing(root, names, tuple(files))


def open_class_folders(root: Path, name: str, *, channels: int | None, fit: Fit | None) -> Split:
    """`train/`, `val/` and `test/`, each with one sub-folder of images a class, or those sub-folders alone.

    C is `channels`, 1 or 3, or by default the first image's; `fit` brings the images to one size. Without `test/`,
    `val/` is also what a trained net is measured on. Raises `NetError` N601, N605 to N607.
    """
    folders = {folder.name: folder for folder in class_folders(root)}
    listing = list_folder(folders.get("train", root))
    train = _read(listing, name, channels, fit)
    if "train" not in folders:
        return Split(train)
    parts: dict[str, Dataset] = {}
    for part in ("val", "test"):
        if part in folders:
            parts[part] = _read(list_folder(folders[part], classes=train.classes), name, train.shape[2], fit)
    return Split(train, test=parts.get("test", parts.get("val")), validation=parts.get("val"))


def _read(listing: Listing, name: str, channels: int | None, fit: Fit | None) -> Dataset:
    """The images of a listing, in memory where they are not too many, and labels, int64 (N,)."""
    files = list_images(tuple(path for path, _ in listing.files), channels=channels, fit=fit)
    labels = np.array([label for _, label in listing.files], np.int64)
    return Dataset(files.load() if files.nbytes <= IN_MEMORY else files, labels, listing.classes, name)


def list_files(folder: Path) -> list[Path]:
    """The images of a folder in the order of their names; `NetError` N601 for a file that is none."""
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
