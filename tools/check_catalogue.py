"""Runs what docs/catalogue.md shows, row by row.

Usage: python tools/check_catalogue.py [--commands]. A row of a table whose last column is headed `shown by` names
commands, `netdsl …`, or tests, `tests/file.py::name`, or scripts, `python tools/name.py --data …`, or says `pending:
why`. What stands between backticks in its middle column must be in what a command prints. Scripts want data that do not
ship: they are looked up and not run. With `--commands` tests are looked up and not run, either.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from click.testing import CliRunner

from netdsl.cli import main as netdsl

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "catalogue.md"
CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Row:
    """One row: what it is about, what its commands must print, and what shows it; `scripts` are paths."""

    item: str
    texts: tuple[str, ...]
    commands: tuple[str, ...]
    tests: tuple[str, ...]
    pending: bool
    scripts: tuple[str, ...] = ()

    def wrong(self) -> list[str]:
        """What is not as the row says."""
        found = [] if self.commands or self.tests or self.scripts or self.pending else ["nothing shows this row"]
        for command in self.commands:
            printed = _printed(command)
            found += [f"`{command}` does not print {text}" for text in self.texts if text not in printed]
        found += [f"there is no {script}" for script in self.scripts if not (ROOT / script).is_file()]
        return found + [f"there is no {test}" for test in self.tests if test not in _defined(test.split("::")[0])]


def rows() -> list[Row]:
    """Every row of the page, in order."""
    found = []
    shown = False
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            shown = False
        elif cells[-1] == "shown by":
            shown = True
        elif shown and not set(line) <= set("|-"):
            item, must, last = cells
            codes = CODE.findall(last)
            commands = tuple(code for code in codes if code.startswith("netdsl "))
            tests = tuple(code for code in codes if code.startswith("tests/"))
            scripts = tuple(code.split()[1] for code in codes if code.startswith("python "))
            found.append(Row(item, tuple(CODE.findall(must)), commands, tests, last.startswith("pending: "), scripts))
    return found


def counts() -> str:
    """How many rows are shown, how many of them by scripts alone, and how many are pending."""
    pending = sum(row.pending for row in rows())
    apart = sum(not (row.pending or row.commands or row.tests) for row in rows())
    return f"{len(rows())} rows: {len(rows()) - pending} shown, {apart} of them by scripts alone, {pending} pending"


@cache
def _printed(command: str) -> str:
    result = CliRunner().invoke(netdsl, shlex.split(command)[1:], prog_name="netdsl")
    assert result.exit_code == 0, f"{command}: {result.output}"
    return " ".join(result.output.split())


@cache
def _defined(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8")) if (ROOT / path).exists() else ast.Module([], [])
    return frozenset(f"{path}::{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef))


def main(given: list[str]) -> int:
    """Check the page; the exit status."""
    wrong = [f"{row.item}: {line}" for row in rows() for line in row.wrong()]
    print("\n".join([*wrong, counts()]))
    tests = sorted({test for row in rows() for test in row.tests})
    if wrong or given == ["--commands"]:
        return 1 if wrong else 0
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *tests], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
