"""The folder of a run: the net's text, how it was trained, what came of each epoch, and the weights."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from itertools import count
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from netdsl import __version__
from netdsl.errors import NetError, fail
from netdsl.files.atomic import replace_text
from netdsl.files.regular import quoted
from netdsl.language.library import SHIPPED
from netdsl.layers.values import format_value

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.training.progress import Epoch

WEIGHTS = "weights.safetensors"
METRICS = "metrics.csv"
METRICS_LINES = "metrics.jsonl"
CONFIG = "config.json"
TEXT = "net.net"
TRANSFER = "transfer.csv"


def new_folder(name: str, *, root: Path = Path("runs")) -> Path:
    """Make `root`/NAME, or NAME-2, NAME-3, … where it exists. Two runs that start at once get two folders."""
    for number in count(1):
        folder = root / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise _cannot_make(folder, error) from None
        return folder
    raise AssertionError("the numbers end")


def named_folder(folder: Path) -> Path:
    """Make the folder that was asked for; `NetError` N510 where it already holds something."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise _cannot_make(folder, error) from None
    if taken:
        raise fail("N510", f"{quoted(folder)} is not empty", help="give `--out` a folder that does not exist")
    return folder


def write_texts(folder: Path, net: Net) -> None:
    """The net as `net.net`, and beside it the files that it imports, by the same relative names.

    What ships with netdsl is not copied; nor is an import that is itself called `net.net`.
    """
    for name, text in net.texts.items():
        if name not in (net.main, TEXT) and not name.startswith(SHIPPED):
            path = folder / PurePosixPath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(path, text)
    replace_text(folder / TEXT, net.texts[net.main])


def write_config(folder: Path, net: Net, settings: Mapping[str, str], data: Mapping[str, str]) -> None:
    """`config.json`: net, parameters, settings, data and versions; nothing that differs when the run is repeated."""
    document = {
        "net": net.name,
        "file": net.main,
        "parameters": parameter_texts(net),
        "settings": dict(settings),
        "data": dict(data),
        "versions": {"netdsl": __version__, "python": platform.python_version(), "numpy": np.__version__},
    }
    replace_text(folder / CONFIG, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def parameter_texts(net: Net) -> dict[str, str]:
    """The parameters that the net was loaded with, as text in the language."""
    return {name: format_value(value) for name, value in net.parameters.items()}


def append_metrics(folder: Path, epoch: Epoch, columns: Sequence[str]) -> None:
    """One line of `metrics.csv`, whose first line names the columns, and one of `metrics.jsonl`, with tables by class.

    A score that this epoch did not give is left empty.
    """
    numbers = {"epoch": epoch.number, "steps": epoch.steps}
    scores = {name: value for name, value in epoch.scores().items() if isfinite(value)}
    cells = [*map(str, numbers.values()), *(f"{scores[name]:.9g}" if name in scores else "" for name in columns)]
    _append(folder / METRICS, ",".join(cells), first=",".join((*numbers, *columns)))
    tables = dict(epoch.train.tables)
    tables |= {f"val_{name}": table for name, table in (epoch.validation.tables if epoch.validation else {}).items()}
    _append(folder / METRICS_LINES, json.dumps(numbers | {k: scores.get(k) for k in columns} | tables))


def _append(path: Path, line: str, *, first: str = "") -> None:
    try:
        with path.open("a", newline="") as file:
            if first and not file.tell():
                file.write(first + "\n")
            file.write(line + "\n")
    except OSError as error:
        raise fail("N505", f"{quoted(path)} cannot be written: {(error.strerror or str(error)).lower()}") from None


def weights_path(run: Path) -> Path:
    """The weight file of a run folder, or the path itself; `NetError` N510 for a folder without one."""
    if not run.is_dir():
        return run
    path = run / WEIGHTS
    if not path.exists():
        raise fail("N510", f"{quoted(run)} is not the folder of a run: it has no `{WEIGHTS}`")
    return path


def _cannot_make(folder: Path, error: OSError) -> NetError:
    return fail("N505", f"{quoted(folder)} cannot be made: {(error.strerror or str(error)).lower()}")
