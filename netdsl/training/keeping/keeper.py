"""Keeping a run: what is written into its folder, when, and whether there is room for it."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from netdsl.errors import fail
from netdsl.files.atomic import remove_debris
from netdsl.files.regular import quoted
from netdsl.training.keeping.checkpoint import KEPT, checkpoints, write_checkpoint
from netdsl.training.keeping.run_folder import WEIGHTS, write_metrics
from netdsl.training.keeping.save_every import SaveEvery
from netdsl.training.keeping.weights_file import write_weights

if TYPE_CHECKING:
    from netdsl.graph.weights import Array, Weights
    from netdsl.training.keeping.best import Best
    from netdsl.training.keeping.record import Record
    from netdsl.training.keeping.state import State
    from netdsl.training.keeping.template import Template

MIB = 2**20


class Part(Mapping[str, "Array"]):
    """Some tensors of a set of weights, each made canonical when it is asked for."""

    def __init__(self, weights: Weights, names: Collection[str]) -> None:
        self._weights, self._names = weights, names

    def __getitem__(self, name: str) -> Array:
        return self._weights[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass
class Keeper:
    """Writes checkpoints, weights and metrics of a run into its folder, whose lock the caller holds.

    `weights` are those that are learned, with all slots; `record` describes the run; `scores` are the columns of the
    metrics; `named` names the file, if any, that keeps the weights of an epoch. Every method raises `NetError` N505
    where the disk refuses; the last checkpoint then stays whole. A checkpoint is written first: what comes after it can
    be made again from it. `tensors` is always what is measured and used: the weights, or their average.
    """

    folder: Path
    record: Record
    weights: Weights
    scores: Collection[str]
    named: Template | Best | None = None
    every: SaveEvery = field(default_factory=SaveEvery)
    pins: bool = False
    """Whether the checkpoint with which an epoch began is kept until its end."""
    saved: int = 0
    """The step of the last checkpoint."""
    _time: float = 0.0

    def begin(self, state: State, tensors: Mapping[str, Array]) -> None:
        """Bring the folder to this state: that of a new run, or of one that goes on.

        Metrics of epochs that the state does not know, and weights newer than it, belong to what was lost. Raises
        `NetError` N535 where the disk has no room for the run.
        """
        remove_debris(self.folder)
        self._check_room(tensors)
        if state.step and not state.images:
            self.epoch(state, tensors)
        elif state.step:
            self.stop(state, tensors)
            write_metrics(self.folder, state.epochs, self.scores)
        else:
            self.save(state)

    def due(self, state: State) -> bool:
        """Whether it is time to save inside an epoch."""
        return self.every.due(state.step - self.saved, monotonic() - self._time)

    def save(self, state: State) -> None:
        """Write a checkpoint."""
        record, pinned = replace(self.record, steps=state.step), state.begun if self.pins else -1
        write_checkpoint(self.folder, self.weights, record, state, pinned=pinned)
        self.saved, self._time = state.step, monotonic()

    def epoch(self, state: State, tensors: Mapping[str, Array]) -> None:
        """Save between two epochs."""
        self.save(state)
        self.weigh(state, tensors)
        if self.named and (name := self.named.file(state.epochs)):
            self._write(name, state, tensors)
        write_metrics(self.folder, state.epochs, self.scores)

    def stop(self, state: State, tensors: Mapping[str, Array]) -> None:
        """Save where the training is asked to stop inside an epoch."""
        self.save(state)
        self.weigh(state, tensors)

    def weigh(self, state: State, tensors: Mapping[str, Array]) -> None:
        """Write what others use of the run."""
        self._write(WEIGHTS, state, tensors)

    def _write(self, name: str, state: State, tensors: Mapping[str, Array]) -> None:
        with self.weights.lock:
            write_weights(self.folder / name, tensors, replace(self.record, steps=state.step))

    def _check_room(self, tensors: Mapping[str, Array]) -> None:
        """Room for the checkpoints that are kept and the one that is being written, and for the weights, likewise."""
        sizes = {name: 4 * prod(self.weights.shape(name)) for name in self.weights}
        needed = (KEPT + 1 + self.pins) * sum(sizes.values()) + 2 * sum(sizes[name] for name in tensors)
        try:
            there = sum(path.stat().st_size for path in checkpoints(self.folder))
            free = shutil.disk_usage(self.folder).free + there
        except OSError as error:
            raise fail("N505", f"{quoted(self.folder)} cannot be read: {(error.strerror or '').lower()}") from None
        if free < needed:
            words = f"{needed / MIB:,.1f} MiB for its checkpoints and weights, and {free / MIB:,.1f} MiB are free"
            raise fail("N535", f"the run in {quoted(self.folder)} needs {words}")
