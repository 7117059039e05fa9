"""What the tuner found, kept on disk: a file for each processor, instruction set, build and number of threads.

An entry has the choice for a step, and the microseconds of each. Whatever is wrong with a file or an entry is a miss,
and a file that cannot be written is left: everything here can be measured again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

from netdsl.compiler.translate.neutral import DEFAULT, Choice
from netdsl.errors import NetError
from netdsl.files.atomic import replace_text
from netdsl.files.cache import cache_folder

FORMAT = 1
MOST_BYTES = 2**25

Times = Mapping[Choice, float]
"""Microseconds by choice."""


@dataclass(frozen=True)
class Machine:
    """What choices are good for."""

    cpu: str
    isa: str
    kernels: str
    threads: int

    def file(self) -> Path | None:
        """Where its choices lie; None where there is no folder for them."""
        folder = cache_folder()
        words = f"{self.cpu}\n{self.isa}\n{self.kernels}\n{self.threads}"
        return None if folder is None else folder / f"tuning-{sha256(words.encode()).hexdigest()[:16]}.json"


def bucket(batch: int) -> str:
    """Batches that share choices: 1, 2 to 4, and 5 or more."""
    return "1" if batch == 1 else "2-4" if batch < 5 else "5+"


def load_times(machine: Machine) -> dict[str, dict[Choice, float]]:
    """The times of every entry that can be read, by bucket and signature."""
    file = machine.file()
    try:
        if file is None or file.stat().st_size > MOST_BYTES:
            return {}
        document = json.loads(file.read_text("utf-8"))
        entries = document["entries"] if document["format"] == FORMAT else {}
        found = {name: _times(entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return {name: times for name, times in found.items() if DEFAULT in times}


def _times(entry: Any) -> dict[Choice, float]:
    """The times of one entry; empty where it is not as it was written."""
    try:
        pairs = [(tuple((str(name), int(n)) for name, n in choice), float(time)) for choice, time in entry]
    except (ValueError, TypeError, OverflowError):
        return {}
    return dict(pairs) if all(isfinite(time) and time > 0 for _, time in pairs) else {}


def store_times(machine: Machine, found: Mapping[str, Times]) -> None:
    """Add entries to what is on the disk by now, atomically; without a word where that cannot be done."""
    file = machine.file()
    if file is None:
        return
    entries = {name: _plain(times) for name, times in {**load_times(machine), **found}.items()}
    document = {
        "format": FORMAT,
        "machine": [machine.cpu, machine.isa, machine.kernels, machine.threads],
        "entries": entries,
    }
    try:
        replace_text(file, json.dumps(document, indent=0, sort_keys=True))
    except NetError:
        return


def _plain(times: Times) -> list[Any]:
    return [[[list(pair) for pair in choice], round(time, 3)] for choice, time in times.items()]
