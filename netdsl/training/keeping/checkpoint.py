"""Checkpoints: all that a training needs to go on as if it had never stopped.

`step-170.checkpoint` holds every tensor after step 170, with the moving statistics and the optimiser's slots
(`C1.weight@momentum`), and in its document the record of a weight file, the state of the loop, and the build. It is
written beside the old ones and renamed when it is on the disk; the last two are kept, so that one that the disk damaged
later does not cost the run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netdsl import __version__
from netdsl.compiler.program import kernel_hash, kernel_table
from netdsl.errors import Diagnostic, NetError, fail
from netdsl.files.atomic import remove
from netdsl.files.regular import quoted
from netdsl.files.safetensors_header import DamagedHead
from netdsl.files.sealed import Kind
from netdsl.training.keeping.record import BadRecord, Record, read_record
from netdsl.training.keeping.state import State, state_of

if TYPE_CHECKING:
    from netdsl.graph.weights import Weights

CHECKPOINT = Kind("netdsl_checkpoint", "checkpoint", 1, foreign="N530", damaged="N531", newer="N532")
NAME = re.compile(r"step-(\d{1,18})\.checkpoint")
KEPT = 2


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint that was read and found whole."""

    tensors: dict[str, NDArray[np.float32]]
    record: Record
    state: State
    build: Mapping[str, str]


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, the newest first. Raises `NetError` N601 where the folder cannot be read."""
    try:
        found = [(int(match[1]), path) for path in folder.iterdir() if (match := NAME.fullmatch(path.name))]
    except OSError as error:
        raise fail("N601", f"{quoted(folder)} cannot be read: {(error.strerror or str(error)).lower()}") from None
    return [path for _, path in sorted(found, reverse=True)]


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return folder / f"step-{step}.checkpoint"


def write_checkpoint(folder: Path, weights: Weights, record: Record, state: State, *, pinned: int = -1) -> Path:
    """Write the checkpoint of this step, then remove those of later steps, and all but the last two and step `pinned`.

    Later ones belong to a run that was taken up again before them. Raises `NetError` N505; the old ones are then whole.
    """
    path = checkpoint_path(folder, state.step)
    document = {**record.document(), "state": state.to_text(), "build": build()}
    with weights.lock:
        CHECKPOINT.write(path, weights, document)
    found = checkpoints(folder)
    at = found.index(path)
    for old in {*found[:at], *found[at + KEPT :]} - {checkpoint_path(folder, pinned)}:
        remove(old)
    return path


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, having checked all of it.

    Raises `NetError`: N530 it is none, N531 it is damaged, N532 a newer netdsl wrote it, N601 it cannot be read.
    """
    tensors, document = CHECKPOINT.read(path)
    with CHECKPOINT.damage(path):
        try:
            record, state, of = read_record(document), state_of(document["state"]), document["build"]
        except BadRecord as error:
            raise DamagedHead(str(error)) from None
        except (ValueError, TypeError, KeyError):
            raise DamagedHead("its record has no usable `state` and `build`") from None
        if not isinstance(of, dict) or not all(isinstance(value, str) for value in of.values()):
            raise DamagedHead("its record has no usable `build`")
    return Checkpoint(tensors, record, state, of)


def latest(folder: Path) -> tuple[Checkpoint, tuple[Diagnostic, ...]]:
    """The newest checkpoint that is whole, and a warning W502 for each newer one that is not.

    Raises `NetError` N530 where the folder holds none, else that of the newest where none is whole.
    """
    warnings: list[Diagnostic] = []
    first: NetError | None = None
    for path in checkpoints(folder):
        try:
            return read_checkpoint(path), tuple(warnings)
        except NetError as error:
            first = first or error
            words = f"{error.diagnostics[0].message}; the checkpoint before it is used"
            warnings.append(Diagnostic("W502", words, severity="warning"))
    raise first or no_checkpoint(folder)


def no_checkpoint(folder: Path) -> NetError:
    """The error for a folder from which nothing can be resumed."""
    return fail(
        "N530", f"{quoted(folder)} holds no checkpoint", help="`--resume` takes a folder that `netdsl train` wrote"
    )


def build() -> dict[str, str]:
    """What the bits of a training depend on beside the task: netdsl, its kernels, their instruction set, and NumPy."""
    return {
        "netdsl": __version__,
        "kernels": kernel_hash(),
        "instruction set": kernel_table(None).isa,
        "numpy": np.__version__,
    }
