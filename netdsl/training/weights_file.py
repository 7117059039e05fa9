"""`weights.safetensors`: the tensors of a trained net, and the record that makes the file sufficient on its own.

The metadata of the file have one key, `netdsl`: the SHA-256 of the record, a newline, and the record as JSON. That has
the shape and SHA-256 of each tensor, so that no changed bit of the file goes unseen. Nothing in the file is
executed, and nothing is mapped into memory. Readers of safetensors everywhere can read the tensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from netdsl import __version__
from netdsl.errors import Diagnostic, NetError, escape, fail
from netdsl.files.atomic import replace_file
from netdsl.files.regular import open_regular, quoted
from netdsl.files.safetensors_header import LENGTH_BYTES, DamagedHead, Entry, Head, head_length, parse_head
from netdsl.shapes import format_shape
from netdsl.training.record import BadRecord, Record, read_record

if TYPE_CHECKING:
    from netdsl.graph.net import Net

Array = NDArray[np.float32]

FORMAT = 1
KEY = "netdsl"
MAX_DIFFERENCES = 10
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
FOREIGN = {
    b"PK\x03\x04": "a zip archive, such as a PyTorch checkpoint or an npz file",
    b"\x80": "a Python pickle",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip archive",
}


@dataclass(frozen=True)
class WeightFile:
    """A weight file that was read and found whole; `warnings` tell of values that are not finite."""

    tensors: dict[str, Array]
    record: Record
    warnings: tuple[Diagnostic, ...]


def write_weights(path: Path, tensors: Mapping[str, Array], record: Record) -> None:
    """Write float32 tensors by full name and their record, atomically. Raises `NetError` N505.

    The bytes are a function of the tensors, the record and the version of netdsl.
    """
    from safetensors.numpy import save_file

    arrays = {name: np.asarray(array, "<f4", order="C") for name, array in tensors.items()}
    seals = {name: {"shape": list(array.shape), "sha256": _seal(array)} for name, array in arrays.items()}
    document = {"format": FORMAT, "written_by": f"netdsl {__version__}", "tensors": seals, **record.document()}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    replace_file(path, lambda file: save_file(arrays, file, {KEY: f"{sha256(text.encode()).hexdigest()}\n{text}"}))


def read_weights(path: Path) -> WeightFile:
    """Read a weight file, having checked all of it.

    Raises `NetError`: N501 it is not a netdsl weight file, N502 it is damaged, N503 a newer netdsl wrote it, N601 it
    cannot be read.
    """
    file, size = open_regular(path)
    with file:
        try:
            head, data = _read(file, size, path)
            document = _document(head, path)
            seals = _seals(document)
            tensors = {name: _tensor(name, entry, data, seals) for name, entry in head.entries.items()}
            if missing := [name for name in seals if name not in tensors]:
                raise DamagedHead(f"tensor `{missing[0]}` of its record is missing")
            record = read_record(document)
        except (DamagedHead, BadRecord) as error:
            raise fail("N502", f"{quoted(path)} is damaged: {escape(str(error))}") from None
        except OSError as error:
            raise fail("N502", f"{quoted(path)} cannot be read: {(error.strerror or str(error)).lower()}") from None
    return WeightFile(tensors, record, _warnings(path, tensors))


def check_tensors(path: Path, net: Net, tensors: Mapping[str, Array]) -> None:
    """Compare the tensors with those that the net has; `NetError` N504 lists up to ten differences."""
    wanted = {name: param.shape for name, param in net.tensors.items()}
    differences = [
        f"`{name}` is missing: {format_shape(shape)}" for name, shape in wanted.items() if name not in tensors
    ]
    differences += [
        f"`{name}` is not in the net: {format_shape(array.shape)}"
        for name, array in tensors.items()
        if name not in wanted
    ]
    differences += [
        f"`{name}` is {format_shape(tensors[name].shape)}, in the net {format_shape(shape)}"
        for name, shape in wanted.items()
        if name in tensors and tensors[name].shape != shape
    ]
    if not differences:
        return
    rest = len(differences) - MAX_DIFFERENCES
    shown = "; ".join(differences[:MAX_DIFFERENCES]) + (f"; and {rest} more" if rest > 0 else "")
    raise fail("N504", f"{quoted(path)} does not fit the net `{net.name}`: {escape(shown)}")


def _seal(array: NDArray[Any]) -> str:
    return sha256(np.ascontiguousarray(array).data).hexdigest() if array.size else sha256().hexdigest()


def _read(file: BinaryIO, size: int, path: Path) -> tuple[Head, NDArray[np.uint8]]:
    first = file.read(LENGTH_BYTES + 1)
    if first[LENGTH_BYTES:] != b"{" and (words := _foreign_kind(first)):
        raise _foreign(path, words)
    length = head_length(first[:LENGTH_BYTES], size)
    text = first[LENGTH_BYTES:] + file.read(max(0, length - 1))
    data = np.empty(size - LENGTH_BYTES - length, np.uint8)
    head = parse_head(text, data.size)
    if file.readinto(data.data) != data.size or file.read(1):  # type: ignore[attr-defined]
        raise DamagedHead("the file changed while it was read")
    return head, data


def _foreign_kind(first: bytes) -> str:
    """What a file is whose ninth byte does not open a head; empty for one that is too short to say."""
    kind = next((f"it is {words}" for magic, words in FOREIGN.items() if first.startswith(magic)), "")
    return kind or ("it is not safetensors" if len(first) > LENGTH_BYTES else "")


def _foreign(path: Path, reason: str) -> NetError:
    return fail("N501", f"{quoted(path)} is not a netdsl weight file: {reason}")


def _document(head: Head, path: Path) -> dict[str, Any]:
    """The record's JSON, having checked its seal and version."""
    seal, _, text = head.metadata.get(KEY, "").partition("\n")
    if not seal:
        raise _foreign(path, f"its metadata have no `{KEY}`")
    if sha256(text.encode(errors="surrogatepass")).hexdigest() != seal:
        raise DamagedHead("the SHA-256 of its record is not the one written")
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or type(document.get("format")) is not int:
        raise DamagedHead("its record is not JSON with a `format`")
    if document["format"] > FORMAT:
        writer = escape(str(document.get("written_by"))[:80])
        words = f"format {document['format']}, written by {writer}; netdsl {__version__} reads up to format {FORMAT}"
        raise fail("N503", f"{quoted(path)} has {words}")
    return document


def _tensor(
    name: str, entry: Entry, data: NDArray[np.uint8], seals: Mapping[str, tuple[tuple[int, ...], str]]
) -> Array:
    raw = data[entry.start : entry.stop]
    shape, seal = seals.get(name, ((), ""))
    if not seal or shape != entry.shape:
        raise DamagedHead(f"tensor `{name}` {list(entry.shape)} is not in its record")
    if seal != _seal(raw):
        raise DamagedHead(f"the SHA-256 of tensor `{name}` is not the one written")
    stored = raw.tobytes() if raw.ctypes.data % 8 else raw
    array = np.frombuffer(stored, DTYPES[entry.dtype]).reshape(entry.shape)
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    if entry.dtype == "F64" and not np.array_equal(single.astype(np.float64), array, equal_nan=True):
        raise DamagedHead(f"tensor `{name}` is F64 and holds numbers that float32 cannot")
    return single


def _seals(document: Mapping[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and SHA-256 of each tensor by name."""
    try:
        return {name: (tuple(seal["shape"]), seal["sha256"]) for name, seal in document["tensors"].items()}
    except (KeyError, TypeError, AttributeError):
        raise DamagedHead("its record has no usable `tensors`") from None


def _warnings(path: Path, tensors: Mapping[str, Array]) -> tuple[Diagnostic, ...]:
    broken = [name for name, array in tensors.items() if not np.isfinite(array).all()]
    if not broken:
        return ()
    message = (
        f"{quoted(path)}: {len(broken)} tensors hold numbers that are not finite, the first is `{escape(broken[0])}`"
    )
    return (Diagnostic("W501", message, severity="warning"),)
