"""What the folder of a run says of the run: its task, and its metrics epoch by epoch."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdsl.errors import escape, fail
from netdsl.files.regular import quoted, read_text
from netdsl.language.load import load
from netdsl.language.parameters import parse_parameters
from netdsl.training.block.override import parse_override
from netdsl.training.keeping.run_folder import CONFIG, METRICS, TEXT, no_run

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Setting

MOST_BYTES = 2**28
TABLES = ("parameters", "settings", "data", "versions")


@dataclass(frozen=True)
class Past:
    """A run as `config.json` tells of it: the net's name, and parameters, settings, data and versions as text."""

    folder: Path
    net: str
    parameters: Mapping[str, str]
    settings: Mapping[str, str]
    data: Mapping[str, str]
    versions: Mapping[str, str]

    def loaded(self) -> Net:
        """The net of the folder's `net.net`, as it is written there, with the run's parameters. Raises `NetError`."""
        given: dict[str, Any] = parse_parameters(f"{name}={value}" for name, value in self.parameters.items())
        return load(f"{self.folder / TEXT}:{self.net}", **given)

    def lines(self) -> list[Setting]:
        """Every setting of the run, as a `train` block would give them. Raises `NetError` N506 or N507."""
        return [
            line for name, text in self.settings.items() for line in parse_override(f"{name}={text}", option=CONFIG)
        ]


def read_past(folder: Path) -> Past:
    """Read `config.json`.

    Raises `NetError` N510 where the folder has none, or is that of several nets, N551 for what netdsl did not write,
    N601 where the file cannot be read.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise no_run(folder, CONFIG)
    text = read_text(path, most=MOST_BYTES, code="N551")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise fail("N551", f"{quoted(path)} is not JSON: {escape(str(error))}") from None
    if not isinstance(found, dict) or not isinstance(found.get("net"), str):
        raise fail("N551", f"{quoted(path)} does not say which net was trained")
    for name in TABLES:
        table = found.get(name)
        if not isinstance(table, dict) or not all(isinstance(text, str) for text in table.values()):
            raise fail("N551", f"{quoted(path)} has no usable `{name}`")
    if any("." in name for name in found["settings"]):
        raise fail(
            "N510", f"{quoted(folder)} is the run of several nets that learned together, and this is for one net"
        )
    return Past(folder, found["net"], *(found[name] for name in TABLES))


def read_epochs(folder: Path) -> list[dict[str, float]]:
    """The lines of `metrics.csv` as numbers by column; what is empty or not finite is left out.

    There are none before the end of the first epoch. Raises `NetError` N551 for what is not CSV or not a number,
    N601 where the file cannot be read.
    """
    path = folder / METRICS
    rows = list[dict[str, float]]()
    if not path.exists():
        return rows
    try:
        table = [*csv.DictReader(StringIO(read_text(path, most=MOST_BYTES, code="N551")))]
    except csv.Error as error:
        raise fail("N551", f"{quoted(path)} is not CSV: {escape(str(error))}") from None
    for row in table:
        try:
            numbers = {name: float(cell) for name, cell in row.items() if name and cell}
        except (TypeError, ValueError):
            raise fail("N551", f"{quoted(path)}: line {len(rows) + 2} does not hold numbers alone") from None
        rows.append({name: number for name, number in numbers.items() if isfinite(number)})
    return rows
