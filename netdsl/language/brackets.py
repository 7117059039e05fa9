"""Brackets and quotes, matched before parsing, so that a missing one is reported where it was opened."""

from __future__ import annotations

import re

from netdsl.errors import Diagnostic, Source, Span

MAX_DEPTH = 64
_TOKEN = re.compile(r'"[^"\n]*"|#[^\n]*|"|[()\[\]{}]')
_CLOSER = {"(": ")", "[": "]", "{": "}"}


def check_brackets(source: Source) -> list[Diagnostic]:
    """Unclosed and unmatched brackets, unfinished strings, nesting beyond 64 levels."""
    found: list[Diagnostic] = []
    stack: list[tuple[str, int]] = []
    for part in _TOKEN.finditer(source.text):
        char, at = part.group(), part.start()
        if char == '"':
            end = source.text.find("\n", at)
            span = Span(source, at, len(source.text) if end < 0 else end)
            found.append(Diagnostic("N107", "this string has no closing quote on its line", span))
        elif char in _CLOSER:
            stack.append((char, at))
            if len(stack) > MAX_DEPTH:
                span = Span(source, at, at + 1)
                found.append(Diagnostic("N108", f"brackets nest deeper than {MAX_DEPTH} levels", span))
                return found
        elif char in ")]}":
            _close(source, stack, char, at, found)
        if len(found) >= 20:
            return found
    found += [_unclosed(source, opener, at) for opener, at in stack]
    return found


def _close(source: Source, stack: list[tuple[str, int]], char: str, at: int, found: list[Diagnostic]) -> None:
    if not any(_CLOSER[opener] == char for opener, _ in stack):
        found.append(Diagnostic("N106", f"`{char}` closes nothing", Span(source, at, at + 1)))
        return
    while _CLOSER[stack[-1][0]] != char:
        found.append(_unclosed(source, *stack.pop()))
    stack.pop()


def _unclosed(source: Source, opener: str, at: int) -> Diagnostic:
    return Diagnostic("N106", f"`{opener}` is never closed", Span(source, at, at + 1))
