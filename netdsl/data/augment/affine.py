"""Moving pixels: one resampling for a whole chain of geometric augmentations.

A matrix (3, 3) takes (y, x, 1) in a new image to (y, x, 1) in the old one, both in pixels from the centre of the image.
What comes from outside is 0, for images and for masks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.augment.base import Floats, Matrices
from netdsl.data.part import Part, copy_channels

TILE = 2**16
"""New pixels that are computed at once, so that their coordinates and corners stay in the cache."""


def move(images: NDArray[Any], matrices: Matrices, size: tuple[int, int]) -> NDArray[Any]:
    """New images (n, *size, C), of the type of the old ones (n, H, W, C) where pixels only change places, else float32.

    Between pixels the four neighbours are weighted by their nearness (bilinear).
    """
    corners = _from_corners(matrices, images.shape[1:3], size)
    if _is_lattice(corners):
        return _move_whole(images, corners, size)
    return _resample(images, corners, size)


def parts(matrices: Matrices, before: tuple[int, int], after: tuple[int, int]) -> list[Part | None]:
    """For each new image the part of the old one that it is, None where it is more than that."""
    corners, size = _from_corners(matrices, before, after), np.array(after)
    turned = corners[:, (0, 1), (0, 1)] < 0
    starts = corners[:, :, 2] - turned * size
    inside = _whole(corners) & (starts >= 0).all(axis=1) & (starts + size <= before).all(axis=1)
    rows = zip(inside.tolist(), starts.tolist(), turned.tolist(), strict=True)
    return [Part(int(top), int(left), after, *over) if good else None for good, (top, left), over in rows]


def move_masks(masks: NDArray[Any], matrices: Matrices, size: tuple[int, int]) -> NDArray[Any]:
    """New masks (n, *size): each pixel takes the class of the old one in which its centre lies."""
    corners = _from_corners(matrices, masks.shape[1:3], size)
    if _is_lattice(corners):
        return _move_whole(masks[..., None], corners, size)[..., 0]
    found = np.zeros((len(masks), *size), masks.dtype)
    for image, matrix, target in zip(masks, corners, found, strict=True):
        y, x = _sources(matrix[None], size)
        row, column = np.floor(y[0]).astype(np.intp), np.floor(x[0]).astype(np.intp)
        inside = (row >= 0) & (row < image.shape[0]) & (column >= 0) & (column < image.shape[1])
        target[inside] = image[row[inside], column[inside]]
    return found


def _from_corners(matrices: Matrices, before: tuple[int, ...], after: tuple[int, int]) -> Matrices:
    """(n, 2, 3): the same mappings with both coordinates from the top left corner."""
    found = matrices[:, :2].copy()
    found[:, :, 2] += np.array(before) / 2 - matrices[:, :2, :2] @ (np.array(after) / 2)
    return found


def _is_lattice(corners: Matrices) -> bool:
    """Whether in all images pixels only change places."""
    return bool(_whole(corners).all())


def _whole(corners: Matrices) -> NDArray[np.bool_]:
    """(n,): whether pixels only change places: turned over or not, and shifted by whole pixels."""
    turned = np.abs(corners[:, (0, 1), (0, 1)]) == 1
    return np.asarray(
        turned.all(axis=1) & ~corners[:, (0, 1), (1, 0)].any(axis=1) & (corners[:, :, 2] % 1 == 0).all(axis=1)
    )


def _move_whole(images: NDArray[Any], corners: Matrices, size: tuple[int, int]) -> NDArray[Any]:
    found = np.zeros((len(images), *size, images.shape[3]), images.dtype)
    for image, matrix, target in zip(images, corners.tolist(), found, strict=True):
        rows = _whole_axis(matrix[0][0], matrix[0][2], image.shape[0], size[0])
        columns = _whole_axis(matrix[1][1], matrix[1][2], image.shape[1], size[1])
        if not rows or not columns:
            continue
        new, old = target[rows[0], columns[0]], image[rows[1], columns[1]]
        if columns[1].step == 1:
            new[...] = old
        else:
            copy_channels(new, old)
    return found


def _whole_axis(sign: float, offset: float, before: int, after: int) -> tuple[slice, slice] | None:
    """The new pixels that have an old one, and the old ones in their order; None where none has.

    New pixel i takes old pixel i + offset, or where the axis is turned over offset - 1 - i.
    """
    k = int(offset)
    first, last = (max(0, -k), min(after, before - k)) if sign > 0 else (max(0, k - before), min(after, k))
    if first >= last:
        return None
    if sign > 0:
        return slice(first, last), slice(first + k, last + k, 1)
    return slice(first, last), slice(k - 1 - first, k - 1 - last if last < k else None, -1)


def _resample(images: NDArray[Any], corners: Matrices, size: tuple[int, int]) -> Floats:
    count, height, width, channels = images.shape
    # One row and column of zeros before, two after: the neighbours of whatever lies outside, by one pixel or more.
    around = np.zeros((count, height + 3, width + 3, channels), images.dtype)
    around[:, 1:-2, 1:-2] = images
    flat = around.reshape(-1) if channels == 1 else around.reshape(-1, channels)
    found = np.empty((count, *size, channels), np.float32)
    together = max(1, TILE // (size[0] * size[1]))
    for start in range(0, count, together):
        part = slice(start, min(start + together, count))
        y, x = _sources(corners[part], size)
        y, x = np.clip(y - 0.5, -1, height), np.clip(x - 0.5, -1, width)
        row, column = np.floor(y), np.floor(x)
        fy, fx = (y - row).astype(np.float32), (x - column).astype(np.float32)
        place = np.arange(part.start, part.stop, dtype=np.intp)[:, None, None] * ((height + 3) * (width + 3))
        place = place + (row.astype(np.intp) + 1) * (width + 3) + (column.astype(np.intp) + 1)
        if channels > 1:
            fy, fx = fy[..., None], fx[..., None]
        above = _between(flat, place, fx)
        above += fy * (_between(flat, place + (width + 3), fx) - above)
        found[part] = above.reshape(-1, *size, channels)
    return found


def _sources(corners: Matrices, size: tuple[int, int]) -> tuple[Matrices, Matrices]:
    """Where the centres of new pixels come from: y and x, each (n, *size), from the top left corner."""
    rows, columns = np.arange(size[0])[:, None] + 0.5, np.arange(size[1]) + 0.5
    m = corners[:, :, :, None, None]
    y = m[:, 0, 0] * rows + m[:, 0, 1] * columns + m[:, 0, 2]
    x = m[:, 1, 0] * rows + m[:, 1, 1] * columns + m[:, 1, 2]
    return y, x


def _between(flat: NDArray[Any], place: NDArray[np.intp], share: Floats) -> Floats:
    """The pixels of these places and their right neighbours, by `share` of the way between them."""
    left = np.take(flat, place, axis=0).astype(np.float32)
    right = np.take(flat, place + 1, axis=0)
    left += share * (right - left)
    return left
