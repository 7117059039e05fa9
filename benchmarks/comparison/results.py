"""results.json: what was measured, by network, column and runner."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comparison.cases import RUNNERS

FILE = Path(__file__).parents[1] / "results.json"
COUNTED = {runner.name: runner.peer for runner in RUNNERS if runner.counts}
QUIET = 0.05
"""The share of the machine that others may have in a round before its figures are marked."""
Entry = dict[str, Any]


@dataclass
class Results:
    """`cells` by `NETWORK/COLUMN`, each an entry by runner: `best_ms`, `median_ms`, `memory_mib`, `error`, or `failed`.
    `others` is the largest share of the machine that other processes had in a round.

    An entry also says with which `versions`, at which `commit`, and in which `run`: entries of one run were taken side
    by side.
    """

    machine: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, dict[str, Entry]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path = FILE) -> Results:
        """The results of a file; none where there is no file."""
        return cls(**json.loads(file.read_text())) if file.exists() else cls()

    def write(self, file: Path = FILE) -> None:
        file.write_text(json.dumps({"machine": self.machine, "cells": self.cells}, indent=1) + "\n")

    def put(self, case: str, column: str, found: dict[str, Entry]) -> None:
        """Replace the entries of these runners."""
        cell = self.cells.setdefault(f"{case}/{column}", {})
        cell.update(found)

    def cell(self, case: str, column: str) -> dict[str, Entry]:
        """Entries by runner, empty where nothing was measured."""
        return self.cells.get(f"{case}/{column}", {})

    def best(self, case: str, column: str) -> dict[str, Entry]:
        """By peer the entry of its fastest variant, of those that count and did not fail."""
        found: dict[str, Entry] = {}
        for name, entry in self.cell(case, column).items():
            peer = COUNTED.get(name)
            if peer and "best_ms" in entry and entry["best_ms"] < found.get(peer, {"best_ms": float("inf")})["best_ms"]:
                found[peer] = {**entry, "runner": name}
        return found
