"""IDX files, plain or gzipped: the format of MNIST and its successors (LeCun, Cortes, Burges 1998).

A file is the bytes 0, 0, type, rank; then `rank` sizes, unsigned 32-bit, high byte first; then the elements, the
last axis fastest, high byte first.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from netdsl.data.packed import GZIP_MAGIC, MAX_RATIO, most_unpacked
from netdsl.errors import NetError, fail
from netdsl.files.regular import open_regular, quoted
from netdsl.shapes import format_shape

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_RANK = 4
CHUNK = 2**20


@dataclass(frozen=True)
class Header:
    """The head of an IDX file: element type, shape, and the bytes that follow."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]

    @property
    def length(self) -> int:
        """Bytes of the whole file, this head included."""
        return 4 + 4 * len(self.shape) + prod(self.shape) * self.dtype.itemsize


def read_images(path: Path) -> NDArray[np.uint8]:
    """Images (N, H, W, C), uint8, from an IDX file of unsigned bytes of rank 3 (then C = 1) or 4.

    Raises `NetError` N601 to N604.
    """
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim not in (3, 4):
        raise fail(
            "N602",
            f"{quoted(path)} holds {format_shape(array.shape)} elements of type {array.dtype}: "
            "images are unsigned bytes, count x height x width or count x height x width x channels",
        )
    return array.astype(np.uint8, copy=False).reshape(*array.shape[:3], -1)


def read_labels(path: Path) -> NDArray[np.int64]:
    """Labels (N,), int64, from an IDX file of whole numbers of rank 1. Raises `NetError` N601 to N604."""
    array = read_idx(path)
    if array.dtype.kind not in "ui" or array.ndim != 1:
        raise fail(
            "N602",
            f"{quoted(path)} holds {format_shape(array.shape)} elements of type {array.dtype}: "
            "labels are whole numbers, one an image",
        )
    return array.astype(np.int64)


def read_idx(path: Path) -> NDArray[np.generic]:
    """The array of an IDX file, gzipped or not, in the machine's byte order.

    Nothing is allocated before the sizes in the head agree with the size of the file. Raises `NetError`: N601 the
    file cannot be read, N602 it is not IDX, N603 it is too short or too long, N604 it is gzipped and damaged, or
    expands beyond 100:1.
    """
    file, size = open_regular(path)
    with file:
        packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        try:
            if not packed:
                return _read(file, path, size)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _read_packed(unpacked, path, size)  # type: ignore[arg-type]
        except NetError:
            raise
        except (OSError, EOFError, zlib.error) as error:
            kind = "damaged gzip data" if packed else "cannot be read"
            raise fail("N604" if packed else "N601", f"{quoted(path)}: {kind}: {error}") from None


def _read(file: BinaryIO, path: Path, size: int) -> NDArray[np.generic]:
    header = _header(file, path)
    if size != header.length:
        raise _wrong_length(path, header, str(size))
    return _elements(file, path, header)


def _read_packed(file: BinaryIO, path: Path, size: int) -> NDArray[np.generic]:
    header = _header(file, path)
    if header.length > most_unpacked(size):
        raise fail(
            "N604",
            f"{quoted(path)}: its head promises {format_shape(header.shape)} elements, {header.length} bytes, "
            f"from {size} compressed bytes: more than {MAX_RATIO} to 1",
        )
    array = _elements(file, path, header)
    extra = len(file.read(CHUNK))
    if extra:
        more = "at least " if extra == CHUNK else ""
        raise _wrong_length(path, header, f"{more}{header.length + extra}")
    return array


def _header(file: BinaryIO, path: Path) -> Header:
    magic = file.read(4)
    if len(magic) < 4:
        raise fail("N602", f"{quoted(path)}: byte {len(magic)}: the file ends inside the 4-byte magic number of IDX")
    if magic[:2] != b"\0\0":
        raise fail("N602", f"{quoted(path)}: byte 0: an IDX file begins with 0x0000, not 0x{magic[:2].hex()}")
    if magic[2] not in DTYPES:
        known = ", ".join(f"0x{code:02x}" for code in DTYPES)
        raise fail("N602", f"{quoted(path)}: byte 2: element type 0x{magic[2]:02x} is none of {known}")
    rank = magic[3]
    if not 1 <= rank <= MAX_RANK:
        raise fail("N602", f"{quoted(path)}: byte 3: {rank} dimensions; 1 to {MAX_RANK} are allowed")
    sizes = file.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise fail("N602", f"{quoted(path)}: byte {4 + len(sizes)}: the file ends inside the {rank} sizes of its head")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    if 0 in shape:
        axis = shape.index(0)
        raise fail("N603", f"{quoted(path)}: byte {4 + 4 * axis}: size {axis + 1} of {format_shape(shape)} is zero")
    return Header(np.dtype(DTYPES[magic[2]]), shape)


def _elements(file: BinaryIO, path: Path, header: Header) -> NDArray[np.generic]:
    array = np.empty(header.shape, header.dtype)
    room = array.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(room):
        count = file.readinto(room[done : done + CHUNK])  # type: ignore[attr-defined]
        if not count:
            raise _wrong_length(path, header, str(header.length - len(room) + done))
        done += count
    return array.astype(header.dtype.newbyteorder("="), copy=False)


def _wrong_length(path: Path, header: Header, got: str) -> NetError:
    return fail(
        "N603",
        f"{quoted(path)}: expected {header.length} bytes for {format_shape(header.shape)} elements "
        f"of {header.dtype.itemsize} byte{'s' * (header.dtype.itemsize > 1)}, got {got}",
    )
