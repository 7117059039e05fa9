"""What went wrong, where, why, and the way out: spans, diagnostics and their drawing.

Detecting a mistake (layers, language, data), wording it (`Diagnostic`), drawing it (`render`) and
finding a remedy (`language.suggest`) are separate. Codes and their pages live in `netdsl.codes`.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

MAX_DIAGNOSTICS = 20
MAX_LINE = 160
MAX_WORDS = 600
TAB = 4


@dataclass(frozen=True, eq=False)
class Source:
    """One text: the name shown in messages and the decoded characters."""

    name: str
    text: str

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of the first character of each line; only LF ends a line."""
        return [0, *(i + 1 for i, c in enumerate(self.text) if c == "\n")]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1, columns counted in characters."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Text of a line (from 1) without its end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` up to `end` of a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        return f"{escape(self.source.name)}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Fix:
    """A remedy as text: what it says, and the edits that carry it out."""

    words: str
    edits: tuple[tuple[Span, str], ...]

    def apply(self, text: str) -> str:
        """The text after the edits; spans refer to the text before them."""
        for span, new in sorted(self.edits, key=lambda edit: edit[0].start, reverse=True):
            text = text[: span.start] + new + text[span.end :]
        return text


@dataclass(frozen=True)
class Diagnostic:
    """One finding: a code, a message, a place, the arithmetic, other places, and remedies.

    `facts` are (label, text) lines such as ("height", "floor((3 + 0 - 5)/1) + 1 = -1"); `notes` are
    (span, text) pairs such as a first definition; `fixes` were tried before they are shown; `help`
    is advice that cannot be carried out by an edit.
    """

    code: str
    message: str
    span: Span | None = None
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[Span, str], ...] = ()
    fixes: tuple[Fix, ...] = ()
    help: str | None = None
    severity: str = "error"

    @property
    def order(self) -> tuple[str, int, str, str]:
        if self.span is None:
            return ("", -1, self.code, self.message)
        return (self.span.source.name, self.span.start, self.code, self.message)


class NetError(ValueError):
    """A mistake in a file, in data or in an argument; never a fault of netdsl itself."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        found = [diagnostics] if isinstance(diagnostics, Diagnostic) else list(diagnostics)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(sorted(found, key=lambda d: d.order))
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return render(self.diagnostics)

    @property
    def code(self) -> str:
        """Code of the first diagnostic."""
        return self.diagnostics[0].code


def fail(code: str, message: str, **parts: object) -> NetError:
    """A `NetError` of one diagnostic, to be raised by the caller."""
    return NetError(Diagnostic(code, message, **parts))  # type: ignore[arg-type]


@dataclass
class Fault(Exception):
    """A layer's complaint about its arguments or inputs, before anyone knows the place.

    Layers know no spans: `argument` names the argument to point at (None: the call itself), `operand`
    an input by index. `changes` are remedies to try: each maps arguments to new text. The
    language level turns a fault into a `Diagnostic` with span, chain of sizes and tried remedies.
    """

    code: str
    message: str
    argument: str | None = None
    operand: int | None = None
    facts: tuple[tuple[str, str], ...] = ()
    changes: tuple[dict[str, str], ...] = field(default=())
    help: str | None = None

    def __str__(self) -> str:
        return self.message


def escape(text: str) -> str:
    r"""Text with control, bidirectional and invisible characters written as \u{...}."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isprintable() and unicodedata.category(c) not in ("Cf", "Cc", "Zl", "Zp", "Cs") else f"\\u{{{ord(c):x}}}"
        for c in text
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _excerpt(span: Span) -> tuple[str, str]:
    """The source line and the line of carets below it, tabs widened, long lines cut round the caret."""
    number, column = span.source.position(span.start)
    raw = span.source.line(number)
    start = column - 1
    end = max(start + 1, min(start + (span.end - span.start), len(raw)))
    left, right = 0, len(raw)
    room = MAX_LINE if raw.replace("\t", " ").isprintable() else MAX_LINE // 2  # what is escaped grows
    if right > room:
        left = max(0, min(start - room // 3, right - room))
        right = left + room
    parts = (raw[left:start], raw[start : min(end, right)], raw[min(end, right) : right])
    before, under, after = (escape(part.replace("\t", " " * TAB)) for part in parts)
    prefix, suffix = ("…" if left else ""), ("…" if right < len(raw) else "")
    line = prefix + before + under + after + suffix
    return line, " " * _width(prefix + before) + "^" * max(1, _width(under))


def _clip(words: str) -> str:
    """Words as they are shown: names and numbers of a hostile file may have any length."""
    return words if len(words) <= MAX_WORDS else f"{words[:MAX_WORDS]}…"


def _draw(diagnostic: Diagnostic) -> list[str]:
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {_clip(diagnostic.message)}"]
    places = [(diagnostic.span, "")] if diagnostic.span else []
    places += list(diagnostic.notes)
    gutter = max((len(str(span.line)) for span, _ in places), default=1) + 1
    pad = " " * gutter
    for i, (span, text) in enumerate(places):
        line, caret = _excerpt(span)
        lines.append(f"{pad}--> {span}" if i == 0 and diagnostic.span else f"{pad}::: {span}")
        lines += [f"{pad} |", f"{span.line:>{gutter}} | {line}", f"{pad} | {caret}{' ' + _clip(text) if text else ''}"]
    labels = [*diagnostic.facts]
    if diagnostic.fixes:
        labels.append(("try", ", or ".join(fix.words for fix in diagnostic.fixes)))
    if diagnostic.help:
        labels.append(("help", diagnostic.help))
    room = max((len(label) for label, _ in labels), default=0) + 1
    lines += [f"{pad} = {label + ':':<{room}} {_clip(text)}" for label, text in labels]
    return lines


def render(diagnostics: Sequence[Diagnostic]) -> str:
    """Diagnostics as text, in line order, at most 20, blank lines between them, no final newline."""
    shown = diagnostics[:MAX_DIAGNOSTICS]
    blocks = ["\n".join(_draw(d)) for d in shown]
    if len(diagnostics) > len(shown):
        blocks.append(f"{len(diagnostics) - len(shown)} more not shown")
    return "\n\n".join(blocks)
