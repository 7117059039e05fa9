"""Every row of docs/catalogue.md: its commands print its numbers, and the tests that it names are there."""

import runpy
from pathlib import Path

import pytest

CATALOGUE = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "check_catalogue.py"))
ROWS = CATALOGUE["rows"]()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.item[:60])
def test_row_is_shown(row):
    assert not row.wrong()


def test_count_of_rows_shown_and_pending_is_printed(capsys):
    print(CATALOGUE["counts"]())
    pending = sum(row.pending for row in ROWS)
    apart = sum(not (row.commands or row.tests or row.pending) for row in ROWS)
    said = f"{len(ROWS)} rows: {len(ROWS) - pending} shown, {apart} of them by scripts alone, {pending} pending\n"
    assert capsys.readouterr().out == said
    assert len(ROWS) > 90


def test_number_that_is_not_printed_is_found():
    row = CATALOGUE["Row"]("LeNet-5", ("61,707",), ("netdsl check lenet5",), (), False)
    assert row.wrong() == ["`netdsl check lenet5` does not print 61,707"]


def test_script_that_is_not_there_is_found():
    row = CATALOGUE["Row"]("sunspots", (), (), (), False, ("tools/sunspot.py",))
    assert row.wrong() == ["there is no tools/sunspot.py"]
