"""One broken file for each code, with its exact message beside it; every proposed remedy is applied and must work.

The first line of a file may say how it is checked: `# -p name=value`, or `# :Net`. After a wanted change of wording,
`NETDSL_WRITE_MESSAGES=1 pytest tests/errors` writes the messages anew; read the difference.
"""

import os
from pathlib import Path

import pytest

from netdsl import codes
from netdsl.errors import render
from netdsl.language.check import check_file
from netdsl.language.parameters import parse_parameters

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.net"))
# Codes of mistakes that no text file of this folder can show: tests/faults/test_text.py and
# tests/language/test_custom.py make them.
ELSEWHERE = {"N001", "N002", "N238"}


@pytest.fixture(autouse=True)
def _in_folder(monkeypatch):
    monkeypatch.chdir(FOLDER)


def check(path):
    first = path.read_bytes().decode("utf-8", "replace").splitlines()[0]
    given = first.removeprefix("# ") if first.startswith(("# -p ", "# :")) else ""
    parameters = parse_parameters([given.removeprefix("-p ")]) if given.startswith("-p ") else {}
    return check_file(
        str(path if path.parent != FOLDER else path.name) + (given if given.startswith(":") else ""), parameters
    )[1]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_message_is_exact(path):
    message = render(check(path)) + "\n"
    beside = path.with_suffix(".txt")
    if os.environ.get("NETDSL_WRITE_MESSAGES"):
        beside.write_text(message, "utf-8")
    assert message == beside.read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_file_shows_the_code_of_its_name(path):
    assert path.stem.partition("_")[0].upper() in {d.code for d in check(path)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_each_remedy_works(path, tmp_path):
    found = check(path)
    for fix in [fix for d in found for fix in d.fixes]:
        fixed = tmp_path / path.name
        fixed.write_text(fix.apply(fix.edits[0][0].source.text), "utf-8")
        assert not [d for d in check(fixed) if d.severity == "error"], fix.words


def test_each_code_has_a_file():
    shown = {path.stem.partition("_")[0].upper() for path in FILES}
    wanted = {code for code in codes.pages() if code[:2] in ("N0", "N1", "N2", "N3", "N4", "W2")}
    assert wanted - shown == ELSEWHERE
