"""Text to tree, with every independent mistake of syntax: after one, the statement is cut out and parsing goes on."""

from __future__ import annotations

import re
from typing import Any

from lark import Token, UnexpectedInput

from netdsl.errors import MAX_DIAGNOSTICS, Diagnostic, NetError, Source
from netdsl.language import tree
from netdsl.language.brackets import check_brackets
from netdsl.language.mistakes import describe, offset_of, statement_start
from netdsl.language.parser import parse

# Each mistake parses the text again; together these passes read at most so many characters.
RECOVERY_BUDGET = 2**20
_MARK = "\x1a"


def parse_file(source: Source) -> tuple[tree.File | None, list[Diagnostic]]:
    """The tree of a checked text (None where too little is left), and its mistakes in any order."""
    found = check_brackets(source)
    if found:
        return None, found
    text = source.text
    tries = max(1, min(MAX_DIAGNOSTICS, RECOVERY_BUDGET // max(1, len(text))))
    for _ in range(tries):
        try:
            return parse(source, text, "start"), found
        except UnexpectedInput as error:
            at = offset_of(error, text)
            found.append(describe(error, source, text))
        except NetError as error:
            span = error.diagnostics[0].span
            assert span is not None
            at = span.start
            found.append(error.diagnostics[0])
        cut = _statement(text, at)
        if cut is None or _MARK in text[cut[0] : cut[1]]:
            break
        text = text[: cut[0]] + _MARK * (cut[1] - cut[0]) + text[cut[1] :]
    return None, found


def parse_tokens(source: Source) -> tuple[tree.File, list[Token]]:
    """The tree of a checked text and its tokens, ends of statements among them; `NetError` for mistakes of syntax."""
    read: list[Token] = []
    if not check_brackets(source):
        try:
            parsed: tree.File = parse(source, source.text, "start", read=read)
            return parsed, read
        except (UnexpectedInput, NetError):
            pass  # said in full below
    raise NetError(parse_file(source)[1])


def parse_value(source: Source) -> tree.Expr:
    """The tree of one expression, such as the right side of `-p depths=[3,4,6,3]`; raises `NetError`."""
    expression: tree.Expr = _alone(source, "value")
    return expression


def parse_steps(source: Source) -> list[tuple[tree.Name | None, tuple[tree.Expr, ...]]]:
    """The keys and steps of a setting: `mnist | pad(2)`, or `cls=mse, box=mse`; raises `NetError`."""
    found: list[tuple[tree.Name | None, tuple[tree.Expr, ...]]] = _alone(source, "chained")
    return found


def _alone(source: Source, start: str) -> Any:
    found = check_brackets(source)
    if found:
        raise NetError(found)
    try:
        return parse(source, source.text, start)
    except UnexpectedInput as error:
        raise NetError(describe(error, source, source.text)) from None


_PART = re.compile(r'"[^"\n]*"|#[^\n]*|[()\[\]{};\n]')
# The next line cannot stand alone when it begins so.
_GOES_ON = re.compile(r"[ \t]*(\{|\||->|else\b)")


def _statement(text: str, at: int) -> tuple[int, int] | None:
    """Bounds of the statement round an offset: from the last end of a statement to the next, braces included."""
    start = statement_start(text, at)
    depth = 0
    end = len(text)
    for part in _PART.finditer(text, start):
        char = part.group()
        if char in ("(", "[", "{"):
            depth += 1
        elif char in (")", "]", "}"):
            if depth == 0:
                end = part.start()
                break
            depth -= 1
        elif char in (";", "\n") and depth == 0 and part.start() >= at and not _GOES_ON.match(text, part.end()):
            end = part.start()
            break
    while start < end and text[start] in " \t\r\n":
        start += 1
    return (start, end) if start < end else None
