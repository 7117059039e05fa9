"""A whole training, from a net to the folder of its run: what `netdsl train` does, for Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from netdsl.data.open import open_data
from netdsl.language.library import SHIPPED
from netdsl.training import loop
from netdsl.training.progress import Epoch, Progress
from netdsl.training.run_folder import named_folder, new_folder
from netdsl.training.settings import read_settings

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Setting


@dataclass(frozen=True)
class Session:
    """The folder of a finished training, its scores by epoch, and the exit code of the signal that ended it, or 0."""

    folder: Path
    epochs: tuple[Epoch, ...]
    exit_code: int


def train_net(
    net: Net,
    overrides: Iterable[Setting] = (),
    *,
    out: Path | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Session:
    """Train a net as its `train` block says, `overrides` winning, into `out` or a new folder `runs/NAME`.

    `memory`: the most bytes that the plans may need.

    Everything is checked, and the net compiled, before the folder is made. Raises `NetError`: N506 to N508 for
    settings, N6xx for data that cannot be read or do not fit, N7xx for arguments of the engine, N505 and N510 for the
    folder, N509 for a loss that is not finite.
    """
    settings = read_settings(net.settings, overrides)
    shape = net.nodes[loop.input_name(net)].shape
    data = open_data(settings.data, size=shape, fit=settings.pipeline.resize)
    task = loop.prepare(net, settings, data.train, data.validation)
    programs = loop.compiled(task, threads=threads, memory=memory)
    folder = named_folder(out) if out else new_folder(run_name(net))
    done = loop.train(task, programs, folder=folder, progress=progress)
    return Session(folder, done.epochs, done.exit_code)


def run_name(net: Net) -> str:
    """The name of the net's file without its ending."""
    return PurePosixPath(net.main.removeprefix(SHIPPED)).stem
