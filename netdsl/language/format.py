"""Canonical text: the same tree and comments, with blanks, line ends and columns as the language's pages have them.

    input  x:4;dense( 2 )->2 # out          input x: 4
                                            dense(2)  -> 2  # out

Bodies keep the lines that their author gave them, one or many; a line of more than 120 columns opens its bodies, and
then breaks before each `|`. Formatting twice is formatting once, and the tree is the same before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path

from netdsl.errors import Source, Span
from netdsl.language.check import Request
from netdsl.language.columns import Line, aligned
from netdsl.language.explicit import explicit_text
from netdsl.language.library import Library
from netdsl.language.marks import Marks, mark
from netdsl.language.pieces import Braces, Comment, Piece, Statement, nest, pieces_of
from netdsl.language.spacing import ends_value, gap
from netdsl.language.syntax import parse_tokens
from netdsl.language.text import decode, read_bytes

STEP = 2
FURTHER = 4
LONGEST = 120


def formatted(file: Path | bytes, *, explicit: bool = False) -> tuple[bytes, str]:
    """The bytes of a file, or of a stream that was read, and their canonical text; `explicit` writes out all defaults.

    Raises `NetError` with the mistakes of syntax, and with `explicit` all mistakes.
    """
    shown, main, folder = (
        ("<stdin>", "<stdin>", None) if isinstance(file, bytes) else (str(file), file.name, file.parent)
    )
    data = file if isinstance(file, bytes) else read_bytes(file, shown)
    source = decode(data, shown)
    if explicit:
        library = Library(folder, {main: source.text})
        source = Source(shown, explicit_text(Request(library, main, shown, None, {})))
    return data, format_source(source)


def format_source(source: Source) -> str:
    """The canonical text of a checked text; raises `NetError` with every mistake of its syntax."""
    parsed, tokens = parse_tokens(source)
    pieces = pieces_of(source.text, tokens)
    marks = mark(parsed, pieces)
    ends = frozenset(int(before.end_pos or 0) for before, token in pairwise(tokens) if token.type == "_NL")
    statements = nest(source.text, pieces, ends, frozenset(marks.bodies))
    printer = _Printer(marks)
    printer.block(statements, pieces[-1], 0, 0)
    text = aligned(printer.lines)
    again, _ = parse_tokens(Source(source.name, text))
    assert same(parsed, again), "formatting would change the meaning"
    return text


def same(one: object, other: object) -> bool:
    """Whether two trees say the same, wherever it stands."""
    pairs = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if isinstance(a, Span):
            continue
        if is_dataclass(a) and type(a) is type(b):
            pairs += [(_part(a, f.name), _part(b, f.name)) for f in fields(a)]
        elif isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            pairs += zip(a, b, strict=True)
        elif a != b:
            return False
    return True


def _part(node: object, name: str) -> object:
    part: object = getattr(node, name)
    return () if part is None and name == "arguments" else part  # `flatten()` is `flatten`


class _Printer:
    """Statements to lines; a line belongs to the body that it stands in."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.lines: list[Line] = []
        self.bodies = 0

    def block(self, statements: Sequence[Statement], closer: Piece, indent: int, body: int) -> None:
        """Statements on lines of their own, and the comments behind the last of them."""
        first = len(self.lines)
        for statement in statements:
            self.comments(statement.first.comments, indent, body)
            self._fitting(statement, indent, body)
        self.comments(closer.comments, indent, body)
        if len(self.lines) > first:
            self.lines[first].blank = False

    def comments(self, comments: Iterable[Comment], indent: int, body: int, *, blanks: bool = True) -> None:
        """Comments on lines of their own, but for one behind the line above."""
        for comment in comments:
            if not comment.alone and self.lines and self.lines[-1].comment is None:
                self.lines[-1].comment = comment.text
            else:
                self.lines.append(Line(indent, body, comment.text, blank=comment.blank and blanks))

    def _fitting(self, statement: Statement, indent: int, body: int) -> None:
        """A statement as its author broke it; where that is too long, with bodies opened, then with chains broken."""
        for opened, broken in ((False, False), (True, False), (True, True)):
            trial = _Flow(_Trial(self.marks), indent, body, opened=opened, broken=broken)
            trial.print(statement)
            if not any(line.length > LONGEST for line in trial.own):
                break
        _Flow(self, indent, body, opened=opened, broken=broken).print(statement)


class _Trial(_Printer):
    """A printer of a statement's own lines alone, so that nested bodies are laid out once."""

    def block(self, statements: Sequence[Statement], closer: Piece, indent: int, body: int) -> None:
        pass

    def comments(self, comments: Iterable[Comment], indent: int, body: int, *, blanks: bool = True) -> None:
        pass


class _Flow:
    """The lines of one statement."""

    def __init__(self, printer: _Printer, indent: int, body: int, *, opened: bool, broken: bool) -> None:
        self.printer, self.marks = printer, printer.marks
        self.indent, self.body = indent, body
        self.opened, self.broken = opened, broken
        self.own: list[Line] = []
        self.brackets: list[int] = []
        self.before: Piece | None = None
        self.signed = False
        self.inline = 0

    @property
    def line(self) -> Line:
        return self.own[-1]

    def print(self, statement: Statement) -> None:
        self._begin(self.indent, blank=statement.first.blank)
        self._parts(statement.parts)

    def _begin(self, indent: int, *, blank: bool = False) -> None:
        line = Line(indent, self.body, blank=blank)
        self.own.append(line)
        self.printer.lines.append(line)
        self.before = None

    def _parts(self, parts: Sequence[Piece | Braces]) -> None:
        first = True
        moved: Piece | None = None  # the `|` whose line end stood behind it
        for place, part in enumerate(parts):
            if isinstance(part, Braces):
                self._braces(part)
            elif part.start in self.marks.dropped or self._is_spare(part, parts[place + 1 : place + 2]):
                continue
            else:
                behind = parts[place + 1] if part.text == "|" and place + 1 < len(parts) else None
                if not first and moved is None:
                    self._break(part, behind if isinstance(behind, Piece) else None)
                self._put(part)
                moved = part if part.text == "|" else None
            first = False

    def _is_spare(self, piece: Piece, behind: Sequence[Piece | Braces]) -> bool:
        """A comma before a bracket that closes on its line, but for that of a tuple of one."""
        if piece.text != "," or piece.comments or not behind or not isinstance(behind[0], Piece):
            return False
        closer = behind[0]
        return closer.text in (")", "]") and not closer.breaks and closer.start not in self.marks.single

    def _break(self, piece: Piece, behind: Piece | None) -> None:
        """End the line before a piece where its author did and one may, and where a comment must end."""
        comments = (*piece.comments, *(behind.comments if behind else ()))
        breaks = piece.breaks or (behind is not None and behind.breaks)
        wanted = breaks and (bool(self.brackets) or piece.text == "|") and piece.text != ","
        wanted |= self.broken and piece.text == "|" and not self.brackets and not self.inline
        if not comments and not wanted:
            return
        indent = self._inner()
        self.printer.comments(comments, indent, self.body, blanks=False)
        if piece.text in (")", "]") and self.brackets:
            indent = self.brackets[-1]
        self._begin(indent)

    def _inner(self) -> int:
        return self.brackets[-1] + STEP if self.brackets else self.indent + FURTHER

    def _put(self, piece: Piece) -> None:
        line = self.line
        text = piece.text
        if piece.text == "->" and not self.inline and line.left:
            line.shape = text
        else:
            if self.before is not None:
                text = gap(self.before, piece, self.signed, self.marks) + text
            if not self.inline:
                text = " " * self.marks.room.get(piece.start, 0) + text
            if line.shape is None:
                line.left += text
            else:
                line.shape += text
        minus = piece.text == "-" and piece.start not in self.marks.dashes
        self.signed = minus and (self.before is None or not ends_value(self.before, self.marks))
        self.before = piece
        if piece.text in ("(", "["):
            self.brackets.append(line.indent)
        elif piece.text in (")", "]"):
            self.brackets.pop()

    def _braces(self, braces: Braces) -> None:
        if braces.inline and not (self.opened and not self.inline):
            self._on_one_line(braces)
            return
        self._put(braces.opener)
        indent, outer = self.line.indent, self.brackets
        self.brackets = []
        printer = self.printer
        printer.bodies += 1
        printer.block(braces.statements, braces.closer, indent + STEP, printer.bodies)
        self.brackets = outer
        self._begin(indent)
        self._put(braces.closer)

    def _on_one_line(self, braces: Braces) -> None:
        self._put(braces.opener)
        self.inline += 1
        for number, statement in enumerate(braces.statements):
            self.line.left += "; " if number else " "
            self.before = None
            self._parts(statement.parts)
        self.inline -= 1
        self.line.left += " }" if braces.statements else "}"
        self.before = braces.closer
