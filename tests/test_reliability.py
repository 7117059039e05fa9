"""docs/reliability.md lists tests that exist, and all of them; every row but those of ONNX files is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
ROWS = {
    int(row): set(re.findall(r"`([^`]+::[^`]+)`", cells)) for row, cells in re.findall(r"^\| (\d+) (.*)$", PAGE, re.M)
}


def test_every_row_but_those_of_onnx_files_has_a_test():
    assert {*range(1, 59), *range(70, 100)} <= set(ROWS) and all(ROWS.values())


def test_tests_that_name_a_row_are_those_listed():
    named = {row: set() for row in ROWS}
    for path in (ROOT / "tests" / "faults").glob("test_*.py"):
        for name, row in re.findall(r"^def (test_row_(\d+)_\w+)", path.read_text("utf-8"), re.M):
            if int(row) in named:
                named[int(row)].add(f"tests/faults/{path.name}::{name}")
    assert named == ROWS
