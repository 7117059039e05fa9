"""Writing safetensors, one tensor in memory at a time; failures of the disk are `OSError`s with their number."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.files.safetensors_header import LENGTH_BYTES

Array = NDArray[np.float32]
ALIGN = 8


def write_float32(
    path: Path, shapes: Mapping[str, tuple[int, ...]], tensor: Callable[[str], Array], metadata: Mapping[str, str]
) -> None:
    """Write float32 tensors of these shapes in the order of their names; `tensor` gives each, low byte first.

    The head is padded with blanks to a multiple of 8 bytes, so that the tensors are aligned. Raises `OSError`.
    """
    head: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name in sorted(shapes):
        start, end = end, end + 4 * prod(shapes[name])
        head[name] = {"dtype": "F32", "shape": list(shapes[name]), "data_offsets": [start, end]}
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGN)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(LENGTH_BYTES, "little") + text)
        for name in sorted(shapes):
            file.write(np.ascontiguousarray(tensor(name)).data)
