"""A parsed text as pieces: its tokens with what stands between them, nested by the braces of bodies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lark import Token

_COMMENT = re.compile(r"#.*")


@dataclass(frozen=True)
class Comment:
    """A comment; `alone` on its line, or behind a token; `blank` where an empty line stands above it."""

    text: str
    alone: bool
    blank: bool


@dataclass(frozen=True)
class Piece:
    """A token and the gap before it: comments, whether its line begins with it, and whether the line above is empty."""

    text: str
    kind: str
    start: int
    end: int
    comments: tuple[Comment, ...] = ()
    breaks: bool = False
    blank: bool = False


@dataclass
class Braces:
    """The body between two braces; `inline` where both stand on one line."""

    opener: Piece
    closer: Piece
    statements: list[Statement] = field(default_factory=list)
    inline: bool = False


@dataclass
class Statement:
    """What stands between two ends of statements."""

    parts: list[Piece | Braces] = field(default_factory=list)

    @property
    def first(self) -> Piece:
        """The piece it begins with."""
        first = self.parts[0]
        return first.opener if isinstance(first, Braces) else first


def pieces_of(text: str, tokens: Sequence[Token]) -> list[Piece]:
    """The tokens but newlines, and an empty one for the end of the text."""
    found: list[Piece] = []
    at = 0
    for token in tokens:
        if token.type != "_NL":
            start, end = int(token.start_pos or 0), int(token.end_pos or 0)
            found.append(_piece(text, str(token), token.type, at, start, end))
            at = end
    found.append(_piece(text, "", "END", at, len(text), len(text)))
    return found


def _piece(text: str, word: str, kind: str, at: int, start: int, end: int) -> Piece:
    first, *rest = text[at:start].split("\n")
    comments: list[Comment] = []
    if comment := _COMMENT.search(first):
        comments.append(Comment(_tidy(comment[0]), not at, False))
    blank = False
    for line in rest if kind == "END" else rest[:-1]:
        if comment := _COMMENT.search(line):
            comments.append(Comment(_tidy(comment[0]), True, blank))
            blank = False
        else:
            blank |= not line.strip()
    return Piece(word, kind, start, end, tuple(comments), bool(rest), blank)


def _tidy(comment: str) -> str:
    comment = comment.rstrip()
    return f"# {comment[1:]}" if comment[1:2].isalnum() else comment


def nest(text: str, pieces: Sequence[Piece], ends: frozenset[int], bodies: frozenset[int]) -> list[Statement]:
    """The statements of a file. `ends` are the offsets behind which statements end, `bodies` those of their braces."""
    whole = Braces(pieces[0], pieces[-1], [Statement()])
    stack = [whole]
    for piece in pieces[:-1]:
        inner = stack[-1]
        if piece.start in bodies and piece.text == "{":
            made = Braces(piece, piece, [Statement()])
            inner.statements[-1].parts.append(made)
            stack.append(made)
        elif piece.start in bodies:
            inner.closer = piece
            inner.inline = "\n" not in text[inner.opener.start : piece.start]
            inner.statements = [s for s in inner.statements if s.parts]
            stack.pop()
        else:
            inner.statements[-1].parts.append(piece)
        if piece.end in ends and stack[-1].statements[-1].parts:
            stack[-1].statements.append(Statement())
    return [s for s in whole.statements if s.parts]
