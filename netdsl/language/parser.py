"""The LALR parser of `grammar/netdsl.lark`, built once and kept in the user's cache folder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any

from lark import Lark, Token
from lark.lexer import PatternStr

from netdsl.errors import Source, Span, fail
from netdsl.files.cache import cache_folder
from netdsl.language.build import Builder

_LOCK = Lock()


class Newlines:
    """Drops the ends of statements inside () and []."""

    always_accept = ("_NL",)

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.read: list[Token] | None = None

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        opened: list[str] = []
        for token in stream:
            kind = token.type
            if kind == "_NL":
                if opened and opened[-1] != "}":
                    self._refuse_semicolon(token)
                    continue
            elif kind in ("LPAR", "LSQB", "LBRACE"):
                opened.append({"(": ")", "[": "]", "{": "}"}[token])
            elif opened and token == opened[-1]:
                opened.pop()
            if self.read is not None:
                self.read.append(token)
            yield token

    def _refuse_semicolon(self, token: Token) -> None:
        for line_start, line in _pieces(token):
            if ";" in line:
                at = line_start + line.index(";")
                span = Span(self.builder.source, at, at + 1)
                raise fail("N109", "`;` ends a statement, and a bracket is still open", span=span, help="write `,`")


def _pieces(token: Token) -> Iterator[tuple[int, str]]:
    """Lines of a newline token up to their comments, with their offsets."""
    at = int(token.start_pos or 0)
    for line in str(token).split("\n"):
        yield at, line.partition("#")[0]
        at += len(line) + 1


@cache
def _lark() -> tuple[Lark, Builder, Newlines]:
    builder = Builder()
    newlines = Newlines(builder)
    text = files("netdsl.grammar").joinpath("netdsl.lark").read_text("utf-8")
    options: dict[str, Any] = {
        "parser": "lalr",
        "lexer": "contextual",
        "start": ["start", "value", "chained"],
        "keep_all_tokens": True,
        "maybe_placeholders": False,
    }
    return Lark(text, cache=_cache_file(), transformer=builder, postlex=newlines, **options), builder, newlines


@cache
def literals() -> dict[str, str]:
    """The terminals of the grammar that are one fixed text each, such as `->`, by name."""
    return {t.name: t.pattern.value for t in _lark()[0].terminals if isinstance(t.pattern, PatternStr)}


def _cache_file() -> str | bool:
    """A file in the cache folder, a pickle whose hash Lark checks; False where there is none to write to."""
    folder = cache_folder()
    return str(folder / "grammar.cache") if folder else False


def parse(source: Source, text: str, start: str, *, read: list[Token] | None = None) -> Any:
    """The tree of `text`, whose places are those of `source`; raises Lark's `UnexpectedInput` or a `NetError`.

    The tokens are appended to `read`, of the newlines those that end statements.
    """
    lark, builder, newlines = _lark()
    with _LOCK:
        builder.source, newlines.read = source, read
        try:
            return lark.parse(text, start=start)
        finally:
            newlines.read = None
