"""Which kernels ran, out of those that this processor has."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

Kernels = set[tuple[str, str]]
LIST = """
from netdsl import core
print(core.__file__, *(f"{o} {i}" for o, i in core.kernel_names() if i in core.isas()), sep="\\n")
"""


def kernels_here(environment: dict[str, str], built: Path | None = None) -> Kernels:
    """(operation, instruction set) of each kernel that this processor runs, as the package in `built` tells."""
    words = [sys.executable, "-P", "-c", LIST]
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"netdsl's engine does not load:\n{done.stderr}")
    place, *rows = done.stdout.splitlines()
    assert built is None or place.startswith(str(built)), f"{place} was loaded, not what was built"
    return {(operation, isa) for operation, isa in (row.split() for row in rows)}


def read_records(folder: Path) -> list[tuple[str, str, str, int]]:
    """What every process of a run with kernel_recorder has written: (test, operation, instruction set, threads)."""
    rows = [line.split("\t") for path in sorted(folder.glob("*.txt")) for line in path.read_text().splitlines()]
    return [(test, operation, isa, int(threads)) for test, operation, isa, threads in rows]


@dataclass(frozen=True)
class Outcome:
    """A run under one sanitizer: the table of kernels, those that ran, its reports, exit status and output."""

    name: str
    table: Kernels
    ran: Kernels
    reports: int
    status: int
    output: str

    def line(self, isa: str | None = None) -> str:
        """`asan: 63 of 63 kernels (21 operations x 3 instruction sets), 0 errors`"""
        wanted = self._wanted(isa)
        sets, errors = len({own for _, own in wanted}), max(self.reports, int(self.status != 0))
        return (
            f"{self.name}: {len(self.ran & wanted)} of {len(wanted)} kernels ({len(wanted) // max(sets, 1)} operations "
            f"x {sets} instruction set{'s' if sets != 1 else ''}), {errors} error{'s' if errors != 1 else ''}"
        )

    def fine(self, isa: str | None = None, *, some: bool = False) -> bool:
        """Whether nothing was reported, no test failed and all kernels ran (or `some`, where that is enough)."""
        missing = self._wanted(isa) - self.ran
        return not self.status and not self.reports and (some or not missing)

    def _wanted(self, isa: str | None) -> Kernels:
        return {(operation, own) for operation, own in self.table if isa in (None, own)}
