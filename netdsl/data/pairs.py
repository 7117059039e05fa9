"""Images and masks in two folders, `images/` and `masks/`, whose files have the same names but for the ending."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import Dataset, Split, check_labels
from netdsl.data.folder import list_files
from netdsl.data.image import Fit, image_shape, read_mask
from netdsl.data.image_files import IN_MEMORY, list_images
from netdsl.data.names import named_or_counted
from netdsl.data.packed import check_memory
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.shapes import format_shape

IMAGES, MASKS = "images", "masks"
PARTS = ("train", "val", "test")
WHITE = 255


def is_pairs_folder(root: Path) -> bool:
    """Whether the folder, or its `train/`, has the two folders."""
    return any((base / IMAGES).is_dir() and (base / MASKS).is_dir() for base in (root, root / "train"))


def open_pairs_folder(root: Path, name: str, *, channels: int | None, fit: Fit | None) -> Split:
    """The pairs of `root`, or those of `train/`, `val/`, `test/` below it; `classes.txt` in `root` names the classes.

    A mask has a palette or levels of grey, whose indices are the classes; masks of 0 and 255 alone have two. `fit`
    brings images and masks to one size. Raises `NetError` N601, N605 to N607, and N613 for what is no pair.
    """
    found = {part: root / part for part in PARTS if (root / part / MASKS).is_dir()} or {"train": root}
    masks = {part: _read_masks(folder, fit) for part, folder in found.items()}
    if all(np.isin(mask, (0, WHITE)).all() for mask in masks.values()):
        masks = {part: mask // WHITE for part, mask in masks.items()}
    classes = named_or_counted(root, max(int(mask.max()) for mask in masks.values()))
    parts: dict[str, Dataset] = {}
    for part, folder in found.items():
        files = list_images(tuple(list_files(folder / IMAGES)), channels=channels, fit=fit)
        images = files.load() if files.nbytes <= IN_MEMORY else files
        parts[part] = Dataset(images, masks[part].astype(np.int64), classes, name)
        channels = files.shape[3]
        check_labels(parts[part], len(classes))
    return Split(parts["train"], test=parts.get("test", parts.get("val")), validation=parts.get("val"))


def _read_masks(folder: Path, fit: Fit | None) -> NDArray[np.uint8]:
    """The masks (N, H, W) of the images of a folder, whose sizes agree with theirs."""
    images, masks = list_files(folder / IMAGES), _by_name(list_files(folder / MASKS))
    if not images:
        raise fail("N601", f"{quoted(folder / IMAGES)} holds no images")
    for name, image in _by_name(images).items():
        if name not in masks:
            raise fail("N613", f"{quoted(image)} has no mask of the same name in {quoted(folder / MASKS)}")
    if alone := sorted(masks.keys() - {image.stem for image in images}):
        raise fail("N613", f"{quoted(masks[alone[0]])} has no image of the same name in {quoted(folder / IMAGES)}")
    size = fit.size if fit else image_shape(images[0])[:2]
    check_memory(folder, 9 * len(images) * size[0] * size[1])
    found = np.empty((len(images), *size), np.uint8)
    for i, image in enumerate(images):
        mask, shape = masks[image.stem], image_shape(image)[:2]
        if image_shape(mask)[:2] != shape:
            sizes = f"{format_shape(image_shape(mask)[:2])}, but {quoted(image)} is {format_shape(shape)}"
            raise fail("N613", f"{quoted(mask)} is {sizes}: a mask has the size of its image")
        if not fit and shape != size:
            raise fail(
                "N606", f"{quoted(image)} is {format_shape(shape)}, but {quoted(images[0])} is {format_shape(size)}"
            )
        found[i] = read_mask(mask, fit=fit)
    return found


def _by_name(files: list[Path]) -> dict[str, Path]:
    """The files by name without ending; `NetError` N613 where two have the same."""
    found: dict[str, Path] = {}
    for path in files:
        if path.stem in found:
            raise fail(
                "N613", f"{quoted(path)} and {quoted(found[path.stem])} have the same name: which is of the pair?"
            )
        found[path.stem] = path
    return found
