"""A whole training, from a net to the folder of its run: what `netdsl train` does, for Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from netdsl.data.open import open_data
from netdsl.errors import fail
from netdsl.files.atomic import replace_text
from netdsl.language.library import SHIPPED
from netdsl.training import loop
from netdsl.training.by_name import take_over
from netdsl.training.progress import Epoch, Progress, Silent
from netdsl.training.run_folder import TRANSFER, named_folder, new_folder
from netdsl.training.settings import read_settings
from netdsl.training.transfer import told

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
    strict: bool = False,
    progress: Progress | None = None,
) -> Session:
    """Train a net as its `train` block says, `overrides` winning, into `out` or a new folder `runs/NAME`.

    `memory`: the most bytes that the plans may need. `strict` refuses weights to begin with that are not finite.

    Everything is checked, and the net compiled, before the folder is made. Raises `NetError`: N506 to N508 for
    settings, N6xx for data that cannot be read or do not fit, N7xx for arguments of the engine, N505 and N510 for the
    folder, N509 for a loss that is not finite, N520 to N525 for what is taken over, cut off and frozen.
    """
    progress = progress or Silent()
    settings = read_settings(net.settings, overrides)
    net = settings.transfer.edited(net)
    if not net.learned:
        advice = "`unfreeze` names what learns; `netdsl features` runs a net as it is"
        raise fail("N523", f"no layer of `{net.name}` learns: nothing is left to train", help=advice)
    shape = net.nodes[loop.input_name(net)].shape
    data = open_data(settings.data, size=shape, fit=settings.pipeline.resize)
    task = loop.prepare(net, settings, data.train, data.validation)
    weights = net.initialise(settings.seed)
    report = take_over(net, weights, settings.transfer, strict=strict) if settings.transfer.weights else None
    for line in report.lines() if report else ():
        progress.note(line)
    programs = loop.compiled(task, threads=threads, weights=weights, memory=memory)
    folder = named_folder(out) if out else new_folder(run_name(net))
    for line in told(net, settings.transfer):
        progress.note(line)
    if report:
        replace_text(folder / TRANSFER, report.as_csv())
    done = loop.train(task, programs, folder=folder, progress=progress)
    return Session(folder, done.epochs, done.exit_code)


def run_name(net: Net) -> str:
    """The name of the net's file without its ending."""
    return PurePosixPath(net.main.removeprefix(SHIPPED)).stem
