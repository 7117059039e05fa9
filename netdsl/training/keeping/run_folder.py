"""The folder of a run: the net's text, how it was trained, what came of each epoch, and the weights."""

from __future__ import annotations

import json
import platform
from collections.abc import Collection, Iterable, Mapping
from itertools import count
from math import isfinite
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from netdsl import __version__
from netdsl.errors import NetError, escape, fail
from netdsl.files.atomic import replace_text
from netdsl.files.regular import quoted
from netdsl.language.library import SHIPPED
from netdsl.layers.values import format_value
from netdsl.training.keeping.checkpoint import NAME
from netdsl.training.keeping.lock import LOCK

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.training.scores.progress import Epoch

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
    """Make the folder that was asked for, unless it is there; what it may hold is the business of `check_empty`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_make(folder, error) from None
    return folder


def check_empty(folder: Path) -> None:
    """`NetError` N510 where a folder that this process has locked holds anything else."""
    try:
        found = {path.name for path in folder.iterdir()} - {LOCK}
    except OSError as error:
        raise _cannot_make(folder, error) from None
    if found:
        advice = "give `--out` a folder that does not exist"
        if any(map(NAME.fullmatch, found)):
            advice = f"to go on with the run in it: netdsl train --resume {escape(quote(str(folder)))}"
        raise fail("N510", f"{quoted(folder)} is not empty", help=advice)


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


def write_metrics(folder: Path, epochs: Iterable[Epoch], columns: Collection[str]) -> None:
    """`metrics.csv`, a line an epoch below the names of the columns, and `metrics.jsonl`, with tables by class.

    A score that an epoch did not give is left empty. Both are written anew, so that no line is ever lost or doubled.
    """
    rows, lines = [",".join(("epoch", "steps", *columns))], list[str]()
    for epoch in epochs:
        numbers = {"epoch": epoch.number, "steps": epoch.steps}
        scores = {name: value for name, value in epoch.scores().items() if isfinite(value)}
        cells = [*map(str, numbers.values()), *(f"{scores[name]:.9g}" if name in scores else "" for name in columns)]
        rows.append(",".join(cells))
        held = epoch.validation.tables if epoch.validation else {}
        tables = dict(epoch.train.tables) | {f"val_{name}": table for name, table in held.items()}
        lines.append(json.dumps(numbers | {name: scores.get(name) for name in columns} | tables))
    replace_text(folder / METRICS, "".join(f"{row}\n" for row in rows))
    replace_text(folder / METRICS_LINES, "".join(f"{line}\n" for line in lines))


def _is_net(path: Path) -> bool:
    """Whether a path is the file of a net, or the name of one that ships."""
    if path.suffix == ".net" or path.exists():
        return path.suffix == ".net" and path.is_file()
    from netdsl.language.check import shipped_names

    return str(path) in shipped_names()


def weights_path(run: Path) -> Path:
    """The weight file of a run folder, or the path itself; `NetError` N510 for a folder without one, and for a net."""
    if not run.is_dir():
        if _is_net(run):
            advice = f"`netdsl train {quote(escape(str(run)))}` makes a run of it"
            raise fail("N510", f"{quoted(run)} is a net, and has learned nothing: a run is needed", help=advice)
        return run
    path = run / WEIGHTS
    if not path.exists():
        raise no_run(run, WEIGHTS)
    return path


def no_run(folder: Path, lacks: str) -> NetError:
    """N510: not the folder of a run; that of several nets or stages has a folder for each, which are named."""
    inside = sorted(quoted(one.parent) for one in folder.glob(f"*/{WEIGHTS}"))
    advice = f"it holds runs of single nets: {', '.join(inside)}" if inside else None
    return fail("N510", f"{quoted(folder)} is not the folder of a run: it has no `{lacks}`", help=advice)


def _cannot_make(folder: Path, error: OSError) -> NetError:
    return fail("N505", f"{quoted(folder)} cannot be made: {(error.strerror or str(error)).lower()}")
