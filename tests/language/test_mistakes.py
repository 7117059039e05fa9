"""The samples of `grammar/mistakes`: each shows the habit that its first line names."""

import re
from importlib.resources import files

import pytest

from netdsl.errors import Source
from netdsl.language.syntax import parse_file

SAMPLES = sorted(files("netdsl.grammar").joinpath("mistakes").iterdir(), key=lambda f: f.name)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda f: f.name)
def test_sample_shows_its_code(sample):
    text = sample.read_text("utf-8")
    found = parse_file(Source(sample.name, text))[1]
    assert [d.code for d in found] == [text.splitlines()[0].removeprefix("# ")]


@pytest.mark.parametrize("token", ["else", "in", "always", "as", "[", "]x", "3", "//", "**", "<=", "=", '"x"', "{"])
def test_expected_tokens_are_shown_as_they_are_written(token):
    text = f"net A {{\n  input x: 8\n  from x {token}\n}}\n"
    found = parse_file(Source("a.net", text))[1]
    assert found and not re.search("anon|vbar|star|_nl", " ".join(d.message for d in found))
