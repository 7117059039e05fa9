"""Syntax errors in words: where the parser stopped, and what it could have read there."""

from __future__ import annotations

import re

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from netdsl.errors import Diagnostic, Source, escape
from netdsl.language.habits import HABITS, Stop
from netdsl.language.parser import literals

_PART = re.compile(r'"[^"\n]*"|#[^\n]*|[()\[\]{};\n]')
# What stands before a brace that is part of a size, not the beginning of a body.
_SIZE_BRACE = re.compile(r"(?:->|[:=,]|(?:\d|\})x)[ \t]*\Z")
_WORDS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
    "DIMS": "a size",
    "_NL": "a new line",
    "COMPARE": "a comparison",
    "$END": "the end of the file",
}
_HIDDEN = frozenset(("BROKEN", "DIMS_HEAD", "DIMS_TAIL", "DIMS_LINK"))


def offset_of(error: UnexpectedInput, text: str) -> int:
    """Offset at which the parser stopped."""
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(text)
    return int(error.pos_in_stream or 0)


def statement_start(text: str, at: int) -> int:
    """Where the innermost statement round an offset begins."""
    stack: list[tuple[str, int]] = []
    start = 0
    for part in _PART.finditer(text, 0, at):
        char = part.group()
        if char in ("(", "[", "{"):
            is_body = (
                char == "{"
                and not (stack and stack[-1][0] in "([")
                and not _SIZE_BRACE.search(text, start, part.start())
            )
            stack.append((char, start))
            if is_body:
                start = part.end()
        elif char in (")", "]", "}"):
            if stack:
                start = stack.pop()[1]
        elif char in (";", "\n") and not (stack and stack[-1][0] in "(["):
            start = part.end()
    return start


def describe(error: UnexpectedInput, source: Source, text: str) -> Diagnostic:
    """The diagnostic of a syntax error; `text` is the source with broken statements cut out."""
    at = offset_of(error, text)
    if isinstance(error, UnexpectedToken):
        found, expected = ("" if error.token.type == "$END" else str(error.token)), error.expected
    else:
        assert isinstance(error, UnexpectedCharacters)
        found, expected = text[at : at + 1], error.allowed or set()
    stop = Stop(source, text, statement_start(text, at), at, found, frozenset(expected))
    for habit in HABITS:
        diagnostic = habit(stop)
        if diagnostic is not None:
            return diagnostic
    return _plain(stop)


def _plain(stop: Stop) -> Diagnostic:
    fixed = literals()
    names = sorted(_WORDS.get(kind) or f"`{fixed[kind]}`" for kind in stop.expected - _HIDDEN)
    wanted = f"expected {_either(names)}" if 0 < len(names) <= 5 else ""
    if not stop.found:
        end = len(stop.text.rstrip())
        message = "the file ends inside a statement" + (f": {wanted}" if wanted else "")
        return Diagnostic("N101", message, stop.span(max(0, end - 1), end))
    shown = (
        "the end of the line" if stop.found.strip(" \t\r")[:1] in ("\n", "#", "") else f"`{escape(stop.found.strip())}`"
    )
    if shown.startswith("the end"):
        return Diagnostic(
            "N101",
            f"{wanted or 'the statement is not complete'}, not {shown}"
            if wanted
            else "the line ends inside a statement",
            stop.span(stop.at, stop.at + 1),
        )
    message = f"{wanted}, not {shown}" if wanted else f"{shown} cannot stand here"
    return Diagnostic("N101", message, stop.here())


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
