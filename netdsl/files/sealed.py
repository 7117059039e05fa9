"""Safetensors files that are sufficient on their own: tensors, and a document in which every one of them is sealed.

The metadata have one key: the SHA-256 of the document, a newline, and the document as JSON. That has the shape and
SHA-256 of each tensor, so that no changed bit of the file goes unseen. Nothing in the file is executed, and nothing is
mapped into memory. Readers of safetensors everywhere can read the tensors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from netdsl import __version__
from netdsl.errors import NetError, escape, fail
from netdsl.files.atomic import replace_file
from netdsl.files.regular import open_regular, quoted
from netdsl.files.safetensors_header import (
    ALL_SIZES,
    ITEM_SIZES,
    LENGTH_BYTES,
    DamagedHead,
    Entry,
    Head,
    head_length,
    parse_head,
)
from netdsl.files.safetensors_writer import write_float32

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape = tuple[int, ...]
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
LINE = 64
FOREIGN = {
    b"PK\x03\x04": "a zip archive, such as a PyTorch checkpoint or an npz file",
    b"\x80": "a Python pickle",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip archive",
}


@dataclass(frozen=True)
class Kind:
    """A kind of file: the key of its metadata, its name, the format that this version writes, codes of its errors."""

    key: str
    name: str
    format: int
    foreign: str
    damaged: str
    newer: str

    def write(self, path: Path, tensors: Mapping[str, NDArray[np.float32]], document: Mapping[str, Any]) -> None:
        """Write float32 tensors by name and a document, atomically. Raises `NetError` N505.

        Each tensor is asked for twice, for its seal and for its bytes, so that a mapping that makes them on demand
        needs memory for one. The bytes are a function of the tensors, the document and the version of netdsl.
        """
        shapes, seals = dict[str, Shape](), dict[str, Any]()
        for name, array in tensors.items():
            shapes[name] = array.shape
            seals[name] = {"shape": list(array.shape), "sha256": _seal(_low_first(array))}
        whole = {"format": self.format, "written_by": f"netdsl {__version__}", "tensors": seals, **document}
        text = json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)
        sealed = {self.key: f"{sha256(text.encode()).hexdigest()}\n{text}"}
        replace_file(path, lambda file: write_float32(file, shapes, lambda name: _low_first(tensors[name]), sealed))

    def read(self, path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The tensors as they are stored, and the document, having checked all of it.

        The tensors are views of one piece of memory, whose start lies on a cache line. Raises `NetError` with the codes
        of the kind, or N601 where the file cannot be read.
        """
        file, size = open_regular(path)
        with file, self.damage(path):
            head, room = self._head(file, size, path)
            data = _data(file, room)
            document = self._document(head, path)
            seals = _seals(document)
            tensors = {name: _tensor(name, entry, data, seals) for name, entry in head.entries.items()}
            if missing := [name for name in seals if name not in tensors]:
                raise DamagedHead(f"tensor `{missing[0]}` of its record is missing")
        return tensors, document

    @contextmanager
    def damage(self, path: Path) -> Iterator[None]:
        """`DamagedHead` and failures of the disk as errors that name the file."""
        try:
            yield
        except DamagedHead as error:
            raise fail(self.damaged, f"{quoted(path)} is damaged: {escape(str(error))}") from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise fail(self.damaged, f"{quoted(path)} cannot be read: {reason}") from None

    def is_own(self, path: Path) -> bool:
        """Whether netdsl wrote the file as one of this kind, by its head alone; `read` then checks it.

        Raises `NetError` as `read` does, for what is not a safetensors file.
        """
        file, size = open_regular(path)
        with file, self.damage(path):
            return self.key in self._head(file, size, path, ALL_SIZES)[0].metadata

    def read_plain(self, path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
        """The tensors of a safetensors file that another program wrote, and why others were left out, by name.

        Halves, also bfloat16, singles and doubles come as they are stored, bfloat16 as the float32 that it is; integers
        and truth values are left out. The head is checked as strictly as that of our own files; there are no seals.
        """
        file, size = open_regular(path)
        with file, self.damage(path):
            head, room = self._head(file, size, path, ALL_SIZES)
            data = _data(file, room)
        tensors: dict[str, NDArray[Any]] = {}
        left: dict[str, str] = {}
        for name, entry in head.entries.items():
            if entry.dtype in DTYPES or entry.dtype == "BF16":
                tensors[name] = _plain(entry, data[entry.start : entry.stop])
            else:
                left[name] = f"its numbers are {entry.dtype}, not real ones"
        return tensors, left

    def _head(self, file: BinaryIO, size: int, path: Path, sizes: Mapping[str, int] = ITEM_SIZES) -> tuple[Head, int]:
        """The head of an open file, and how many bytes follow it."""
        first = file.read(LENGTH_BYTES + 1)
        if first[LENGTH_BYTES:] != b"{" and (words := _foreign_kind(first)):
            raise self._foreign(path, words)
        length = head_length(first[:LENGTH_BYTES], size)
        text = first[LENGTH_BYTES:] + file.read(max(0, length - 1))
        room = size - LENGTH_BYTES - length
        return parse_head(text, room, sizes), room

    def _foreign(self, path: Path, reason: str) -> NetError:
        return fail(self.foreign, f"{quoted(path)} is not a netdsl {self.name}: {reason}")

    def _document(self, head: Head, path: Path) -> dict[str, Any]:
        """The document, having checked its seal and format."""
        seal, _, text = head.metadata.get(self.key, "").partition("\n")
        if not seal:
            raise self._foreign(path, f"its metadata have no `{self.key}`")
        if sha256(text.encode(errors="surrogatepass")).hexdigest() != seal:
            raise DamagedHead("the SHA-256 of its record is not the one written")
        try:
            document: Any = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or type(document.get("format")) is not int:
            raise DamagedHead("its record is not JSON with a `format`")
        if document["format"] > self.format:
            writer = escape(str(document.get("written_by"))[:80])
            words = f"format {document['format']}, written by {writer}"
            raise fail(self.newer, f"{quoted(path)} has {words}; netdsl {__version__} reads up to format {self.format}")
        return document


def _data(file: BinaryIO, size: int) -> NDArray[np.uint8]:
    """The bytes behind the head, all of them, on a cache line."""
    data = _aligned(size)
    if file.readinto(data.data) != size or file.read(1):  # type: ignore[attr-defined]
        raise DamagedHead("the file changed while it was read")
    return data


def _plain(entry: Entry, raw: NDArray[np.uint8]) -> NDArray[Any]:
    if entry.dtype == "BF16":  # the upper half of a float32
        wide = np.frombuffer(raw.tobytes(), "<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(entry.shape)
    return np.frombuffer(raw.tobytes(), DTYPES[entry.dtype]).reshape(entry.shape)


def _low_first(array: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(array, "<f4", order="C")


def _aligned(size: int) -> NDArray[np.uint8]:
    raw = np.empty(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size]


def _foreign_kind(first: bytes) -> str:
    """What a file is whose ninth byte does not open a head; empty for one that is too short to say."""
    kind = next((f"it is {words}" for magic, words in FOREIGN.items() if first.startswith(magic)), "")
    return kind or ("it is not safetensors" if len(first) > LENGTH_BYTES else "")


def _seal(array: NDArray[Any]) -> str:
    return sha256(np.ascontiguousarray(array).data).hexdigest() if array.size else sha256().hexdigest()


def _seals(document: Mapping[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and SHA-256 of each tensor by name."""
    try:
        return {name: (tuple(seal["shape"]), seal["sha256"]) for name, seal in document["tensors"].items()}
    except (KeyError, TypeError, AttributeError):
        raise DamagedHead("its record has no usable `tensors`") from None


def _tensor(
    name: str, entry: Entry, data: NDArray[np.uint8], seals: Mapping[str, tuple[tuple[int, ...], str]]
) -> NDArray[Any]:
    raw = data[entry.start : entry.stop]
    shape, seal = seals.get(name, ((), ""))
    if not seal or shape != entry.shape:
        raise DamagedHead(f"tensor `{name}` {list(entry.shape)} is not in its record")
    if seal != _seal(raw):
        raise DamagedHead(f"the SHA-256 of tensor `{name}` is not the one written")
    stored = raw.tobytes() if raw.ctypes.data % 8 and entry.dtype == "F64" else raw
    return np.frombuffer(stored, DTYPES[entry.dtype]).reshape(entry.shape)
