"""`weights.safetensors`: the tensors of a trained net, and the record that makes the file sufficient on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import Diagnostic, escape, fail
from netdsl.files.regular import quoted
from netdsl.files.safetensors_header import DamagedHead
from netdsl.files.sealed import Kind
from netdsl.shapes import format_shape
from netdsl.training.keeping.record import BadRecord, Record, read_record

if TYPE_CHECKING:
    from netdsl.graph.net import Net

Array = NDArray[np.float32]

WEIGHTS = Kind("netdsl", "weight file", 1, foreign="N501", damaged="N502", newer="N503")
MAX_DIFFERENCES = 10


@dataclass(frozen=True)
class WeightFile:
    """A weight file that was read and found whole; `warnings` tell of values that are not finite."""

    tensors: dict[str, Array]
    record: Record
    warnings: tuple[Diagnostic, ...]


def write_weights(path: Path, tensors: Mapping[str, Array], record: Record) -> None:
    """Write float32 tensors by full name and their record, atomically. Raises `NetError` N505."""
    WEIGHTS.write(path, tensors, record.document())


def read_weights(path: Path, *, strict: bool = False) -> WeightFile:
    """Read a weight file, having checked all of it.

    Raises `NetError`: N501 it is not a netdsl weight file, N502 it is damaged, N503 a newer netdsl wrote it, N601 it
    cannot be read; where `strict`, N526 it holds numbers that are not finite.
    """
    stored, document = WEIGHTS.read(path)
    with WEIGHTS.damage(path):
        tensors = {name: _single(name, array) for name, array in stored.items()}
        try:
            record = read_record(document)
        except BadRecord as error:
            raise DamagedHead(str(error)) from None
    return WeightFile(tensors, record, not_finite(path, tensors, strict=strict))


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


def exact(array: NDArray[Any]) -> Array | None:
    """Real numbers as float32, a copy; None where they are doubles that float32 cannot hold."""
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    if array.dtype == np.float64 and not np.array_equal(single.astype(np.float64), array, equal_nan=True):
        return None
    return single


def _single(name: str, array: NDArray[Any]) -> Array:
    single = exact(array)
    if single is None:
        raise DamagedHead(f"tensor `{name}` is F64 and holds numbers that float32 cannot")
    return single


def not_finite(path: Path, tensors: Mapping[str, Array], *, strict: bool = False) -> tuple[Diagnostic, ...]:
    """A warning W501 where tensors of a file hold numbers that are not finite; where `strict`, `NetError` N526."""
    broken = [name for name, array in tensors.items() if not np.isfinite(array).all()]
    if not broken:
        return ()
    message = (
        f"{quoted(path)}: {len(broken)} tensors hold numbers that are not finite, the first is `{escape(broken[0])}`"
    )
    if strict:
        raise fail("N526", message)
    return (Diagnostic("W501", message, severity="warning"),)
