"""The TextMate grammar, read line by line as editors read it, and the Pygments lexer made from it."""

import json
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from pygments import lex
from pygments.token import Error, Keyword, Name, Number, Operator, Token

from netdsl.editors.pygments_lexer import NetLexer
from netdsl.language.build_terms import RESERVED

ROOT = Path(__file__).parents[2]
GRAMMAR = json.loads((ROOT / "grammar" / "editors" / "netdsl.tmLanguage.json").read_text("utf-8"))
RULES = [(re.compile(rule["match"]), rule) for rule in GRAMMAR["patterns"]]
SHIPPED = sorted((ROOT / "architectures").rglob("*.net"))


def scopes(line: str) -> list[tuple[str, str]]:
    """Words and their scopes, without the language's name: at each place the first rule that matches nearest wins."""
    found, at = [], 0
    while at < len(line):
        matches = [(match.start(), n, match) for n, (regex, _) in enumerate(RULES) if (match := regex.search(line, at))]
        if not matches:
            break
        start, n, match = min(matches, key=lambda entry: entry[:2])
        rule = RULES[n][1]
        if line[at:start].strip():
            found.append((line[at:start].strip(), ""))
        if "name" in rule:
            found.append((match[0], rule["name"]))
        else:
            found += [(match[int(group)], scope["name"]) for group, scope in rule["captures"].items()]
        at = match.end()
    if line[at:].strip():
        found.append((line[at:].strip(), ""))
    return [(text, scope.removesuffix(".netdsl")) for text, scope in found]


def scope_of(word: str, line: str) -> str:
    return dict(scopes(line))[word]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_character_of_a_shipped_file_has_a_scope(path):
    for line in path.read_text("utf-8").splitlines():
        assert all(scope for _, scope in scopes(line)), line
        assert "".join(text for text, _ in scopes(line)).replace(" ", "") == line.replace(" ", ""), line


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_comments_and_declarations_of_a_shipped_file_are_told(path):
    for line in path.read_text("utf-8").splitlines():
        found = scopes(line)
        if "#" in line:
            assert found[-1] == (line[line.index("#") :], "comment.line.number-sign")
        if re.match(r"(net|block) ", line):
            assert [scope for _, scope in found[:2]] == ["storage.type", "entity.name.type"]
        if re.match(r"\s+\w+(\[\w+\])*: ", line):
            assert found[0][1] == "entity.name.label"
        if declared := re.search(r"-> (\d+x[\dx]+)", line):
            assert (declared[1], "constant.numeric.size") in found


@pytest.mark.parametrize(
    ("word", "line", "scope"),
    [
        ("C1", "  C1: conv(6, 5x5)", "entity.name.label"),
        ("stage", "  stage[i]: conv(6, 5x5)", "entity.name.label"),
        ("conv", "  C1: conv(6, 5x5)", "entity.name.function"),
        ("flatten", "  flatten  -> 84", "entity.name.function"),
        ("relu", "  dense(3) | relu", "entity.name.function"),
        ("stem", "  x: stem -> 3x3x1", "entity.name.function"),
        ("concat", "  concat {", "entity.name.function"),
        ("batchnorm", "block b { batchnorm | relu }", "entity.name.function"),
        ("id", "    - id if _.c > 2", "variable.language"),
        ("c", "    - id if _.c > 2", "variable.other.member"),
        ("act", "  conv(6, act=relu)", "variable.parameter"),
        ("relu", "  conv(6, act=relu)", "variable.other"),
        ("5x5", "  conv(6, 5x5)", "constant.numeric.size"),
        ("x3", "  input image: {n}x3", "constant.numeric.size"),
        ("n", "  input image: {n}x3", "variable.other"),
        ("61_706", "  assert params == 61_706", "constant.numeric"),
        ("5e-4", "  lrn(alpha=5e-4)", "constant.numeric"),
        ("assert", "  assert params == 61_706", "keyword.other"),
        ("optimizer", "  optimizer  sgd(lr=0.1)", "support.type.property-name"),
        ('"a.net"', 'import "a.net" as r', "string.quoted.double"),
        ("not", "  if a and not b {", "keyword.operator.logical"),
        ("->", "  x -> 84", "keyword.operator"),
    ],
)
def test_scope_of_a_word(word, line, scope):
    assert scope_of(word, line) == scope


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_reserved_word_is_no_plain_name(word):
    assert scope_of(word, f"{word} x").split(".")[0] in ("storage", "keyword", "constant", "variable")
    assert scope_of(word, f"{word} x") != "variable.other"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_lexer_knows_every_character_of_a_shipped_file(path):
    text = path.read_text("utf-8")
    tokens = list(lex(text, NetLexer(stripnl=False)))
    assert not [value for token, value in tokens if token in Error or token is Token]
    assert "".join(value for _, value in tokens) == text


def test_lexer_tells_names_apart():
    tokens = dict((value, token) for token, value in lex("net A {\n  C1: conv(6, k=5x5)\n  a and b\n}\n", NetLexer()))
    assert (tokens["net"], tokens["A"]) == (Keyword.Declaration, Name.Class)
    assert (tokens["C1"], tokens["conv"], tokens["5x5"]) == (Name.Label, Name.Function, Number)
    assert tokens["and"] is Operator.Word


def test_entry_point_leads_to_the_lexer():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["netdsl"].partition(":")
    assert getattr(import_module(module), name) is NetLexer
