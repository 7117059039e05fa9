"""The head of a safetensors file, read strictly, before a byte behind it is believed.

A file is the length of the head (8 bytes, low byte first), the head (JSON: for each tensor its dtype, shape and the
bytes it takes, and texts under `__metadata__`), and the tensors' bytes. Here the tensors must cover those bytes
without overlap, hole or rest, no key may come twice, and every number must agree with the size of the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

ITEM_SIZES = {"F64": 8, "F32": 4, "F16": 2}
ALL_SIZES = ITEM_SIZES | {"BF16": 2, "I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2, "I8": 1, "U8": 1}
ALL_SIZES |= {"BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1}
MAX_HEAD = 32 * 2**20
MAX_OBJECTS = 500_000
MAX_RANK = 8
LENGTH_BYTES = 8


class DamagedHead(Exception):
    """Why the head cannot be believed, in words that follow the name of the file."""


@dataclass(frozen=True)
class Entry:
    """One tensor: dtype as safetensors names it, shape, and its bytes, counted from the end of the head."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Head:
    """The tensors by name, in the order of their bytes, and the texts under `__metadata__`."""

    entries: dict[str, Entry]
    metadata: dict[str, str]


def head_length(first: bytes, file_size: int) -> int:
    """Length of the head in bytes, from the first 8 bytes; `DamagedHead` where the file cannot hold it."""
    if len(first) < LENGTH_BYTES:
        raise DamagedHead(f"the file ends at byte {len(first)}, inside the 8-byte length of its head")
    length = int.from_bytes(first, "little")
    room = file_size - LENGTH_BYTES
    if length > min(room, MAX_HEAD):
        limit = f"the file has {room} more bytes" if length > room else f"the most is {MAX_HEAD}"
        raise DamagedHead(f"byte 0: a head of {length} bytes, but {limit}")
    return length


def parse_head(text: bytes, data_size: int, sizes: Mapping[str, int] = ITEM_SIZES) -> Head:
    """The head from its JSON; `data_size` bytes follow it. `sizes`: bytes of the dtypes that may come.

    Raises `DamagedHead`.
    """
    if text.count(b"{") > MAX_OBJECTS:
        raise DamagedHead(f"the head lists more than {MAX_OBJECTS} objects")
    try:
        found = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise DamagedHead("the head is nested too deeply") from None
    except ValueError as error:
        raise DamagedHead(f"the head is not JSON: {_first_line(error)}") from None
    if not isinstance(found, dict):
        raise DamagedHead("the head is not a JSON object")
    metadata = found.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise DamagedHead("`__metadata__` does not map names to texts")
    entries = {name: _entry(name, value, sizes) for name, value in found.items()}
    return Head(_covering(entries, data_size), metadata)


def _first_line(error: ValueError) -> str:
    return str(error).splitlines()[0][:160]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise DamagedHead(f"the head has `{twice[:80]}` twice")
    return found


def _no_constant(name: str) -> float:
    raise DamagedHead(f"the head holds `{name}`")


def _entry(name: str, value: Any, sizes: Mapping[str, int]) -> Entry:
    label = f"tensor `{name[:80]}`"
    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
        raise DamagedHead(f"{label} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in sizes:
        raise DamagedHead(f"{label} has dtype {str(dtype)[:20]}; netdsl reads {', '.join(sizes)}")
    if not _sizes(shape) or len(shape) > MAX_RANK:
        raise DamagedHead(f"{label}: its shape is not a list of at most {MAX_RANK} sizes")
    if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise DamagedHead(f"{label}: its data_offsets are not a start and an end")
    taken, needed = offsets[1] - offsets[0], prod(shape) * sizes[dtype]
    if taken != needed:
        raise DamagedHead(f"{label}: {dtype} {shape} needs {needed} bytes, its data_offsets give {taken}")
    return Entry(dtype, tuple(shape), offsets[0], offsets[1])


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)


def _covering(entries: dict[str, Entry], data_size: int) -> dict[str, Entry]:
    """The entries in the order of their bytes, having checked that they cover all bytes once."""
    ordered = dict(sorted(entries.items(), key=lambda item: (item[1].start, item[1].stop)))
    end = 0
    for name, entry in ordered.items():
        if entry.start != end:
            what = (
                "overlaps the tensor before it" if entry.start < end else f"leaves a hole of {entry.start - end} bytes"
            )
            raise DamagedHead(f"tensor `{name[:80]}` at data byte {entry.start} {what}")
        end = entry.stop
    if end != data_size:
        verb = (
            f"{data_size - end} bytes follow the last tensor"
            if end < data_size
            else f"{end - data_size} bytes are missing"
        )
        raise DamagedHead(f"the tensors take {end} bytes: {verb}")
    return ordered
