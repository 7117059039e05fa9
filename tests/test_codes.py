"""Every code has its page, every page its code, and docs/errors.md shows them all."""

import re
import runpy
from pathlib import Path

import pytest

from netdsl.codes import find, pages

ROOT = Path(__file__).parents[1]
LITERAL = re.compile(r"""["']([NW]\d{3})["']""")
PYTHON = [file for file in sorted((ROOT / "netdsl").rglob("*.py")) if file.parent.name != "codes"]
SOURCES = [*PYTHON, *sorted((ROOT / "core").glob("*.pyx"))]
RAISED = {code: file for file in SOURCES for code in LITERAL.findall(file.read_text())}


@pytest.mark.parametrize("code", sorted(RAISED))
def test_raised_code_has_a_page(code):
    assert find(code), f"{RAISED[code].relative_to(ROOT)} raises {code}, and netdsl/codes has no page for it"


@pytest.mark.parametrize("code", pages())
def test_page_belongs_to_a_code_that_is_raised(code):
    assert code in RAISED


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.code)
def test_page_has_a_short_title_and_a_text(page):
    assert re.fullmatch(r"[NW]\d{3}", page.code)
    assert 0 < len(page.title) <= 72
    assert not page.title.endswith(".")
    assert len(page.text.split()) >= 10


def test_codes_are_found_in_any_case():
    assert find("n601") is find("N601") is not None
    assert find("N999") is None


def test_errors_page_is_up_to_date():
    assert runpy.run_path(str(ROOT / "tools" / "make_errors_page.py"))["main"](["--check"]) == 0
