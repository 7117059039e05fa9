"""Images that stay in their files and are read where they are asked for, as if they were one array of bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.image import Fit, image_head, image_shape, read_image
from netdsl.data.jpeg import decode_jpeg
from netdsl.data.packed import check_memory
from netdsl.data.part import Part
from netdsl.errors import fail
from netdsl.files.regular import open_regular, quoted, read_regular
from netdsl.shapes import format_shape

IN_MEMORY = 2**30
"""Bytes of pixels up to which a folder is read once and kept."""
MOST_BYTES = 2**26
"""Bytes of a file up to which it is read at once, not piece by piece as Pillow needs it."""
MOST_THREADS = 8


def reading_threads() -> int:
    """Threads that read and prepare: one for each core that this process may use, 8 at most."""
    return min(len(os.sched_getaffinity(0)), MOST_THREADS)


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Image files as an array uint8 (N, H, W, C); an index, a slice or an array of indices reads those files.

    `stamps` are the size and the time of change of each file when it was listed: a file that was changed since is
    refused. `plain` has, of each image that `decode_jpeg` may read, the shape that it has in its file; None of others.
    Files are read by the calling thread.
    """

    paths: tuple[Path, ...]
    image: tuple[int, int, int]
    fit: Fit | None
    stamps: tuple[tuple[int, int], ...]
    plain: tuple[tuple[int, int, int] | None, ...]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def shape(self) -> tuple[int, ...]:
        """N, H, W, C."""
        return (len(self.paths), *self.image)

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """The type of the elements."""
        return np.dtype(np.uint8)

    @property
    def nbytes(self) -> int:
        """Bytes of all images."""
        return len(self.paths) * int(np.prod(self.image, dtype=np.int64))

    def __getitem__(self, chosen: Any) -> NDArray[np.uint8]:
        """The images of these indices. Raises `NetError` as `read_image`, and N616 for a file that was changed."""
        indices = np.arange(len(self.paths))[chosen]
        images = np.empty((len(indices), *self.image), np.uint8)
        for i, index in enumerate(indices):
            images[i] = self._read(int(index))
        return images

    def part(self, index: int, part: Part) -> NDArray[np.uint8]:
        """A part of one image, (h, w, C). Raises as an index does."""
        return self._read(index, part)

    def load(self) -> NDArray[np.uint8]:
        """All images, read by several threads; `NetError` N607 where memory does not suffice."""
        check_memory(self.paths[0].parent, self.nbytes)
        images = np.empty(self.shape, np.uint8)

        def read(index: int) -> None:
            images[index] = self._read(index)

        _each(read, len(self.paths))
        return images

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 over the SHA-256 of every file, in order."""
        digests: list[bytes] = [b""] * len(self.paths)

        def read(index: int) -> None:
            file, _ = open_regular(self.paths[index])
            with file:
                digests[index] = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]

        _each(read, len(self.paths))
        return hashlib.sha256(b"".join(digests)).digest()

    def _read(self, index: int, part: Part | None = None) -> NDArray[np.uint8]:
        path, plain = self.paths[index], self.plain[index]
        if plain and self.stamps[index][0] <= MOST_BYTES:
            content, status = read_regular(path)
            self._check(index, (status.st_size, status.st_mtime_ns))
            pixels = decode_jpeg(content, plain, fit=self.fit, part=part)
            if pixels is not None:
                return pixels
        self._check(index, _stamp(path))
        return read_image(path, channels=self.image[2], fit=self.fit, part=part)

    def _check(self, index: int, stamp: tuple[int, int]) -> None:
        if stamp != self.stamps[index]:
            raise fail("N616", f"{quoted(self.paths[index])} was changed since the training began")


def list_images(paths: tuple[Path, ...], *, channels: int | None = None, fit: Fit | None = None) -> ImageFiles:
    """The images of these files, at least one; C is `channels`, 1 or 3, or by default the first image's.

    The head of every file is read. Without `fit`, which brings them all to one size, they must have one: `NetError`
    N606 for an image that cannot be read or has another size than the first, N607 for one of more than 64 megapixels.
    """
    height, width, channels = image_shape(paths[0], channels=channels)
    shape = (*fit.size, channels) if fit else (height, width, channels)
    plain = list[tuple[int, int, int] | None]()
    for path in paths:
        found, is_plain = image_head(path, channels=channels)
        plain.append(found if is_plain and not (fit and fit.reduces(*found[:2])) else None)
        if not fit and found != shape:
            raise fail(
                "N606",
                f"{quoted(path)} is {format_shape(found)}, but {quoted(paths[0])} is {format_shape(shape)}: "
                "the images of a folder have one size, unless the preparation begins with `resize`",
            )
    return ImageFiles(paths, shape, fit, tuple(_stamp(path) for path in paths), tuple(plain))


def _each(work: Callable[[int], None], count: int) -> None:
    """Call `work` with 0 … count-1, on several threads; the error of the lowest index is raised."""
    with ThreadPoolExecutor(reading_threads(), "netdsl-data") as pool:
        try:
            for _ in pool.map(work, range(count)):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError as error:
        raise fail("N601", f"{quoted(path)} cannot be read: {(error.strerror or str(error)).lower()}") from None
    return status.st_size, status.st_mtime_ns
