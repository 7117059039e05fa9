"""What the tree says about single tokens: operators that stand close, braces that hold bodies, numbers that align."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import pairwise

from netdsl.errors import Span
from netdsl.language import tree
from netdsl.language.pieces import Piece

CLOSE = frozenset(("*", "/", "//", "%"))
ROW = 3  # numbers that make a row of a table
AFTER_KEY = 2


@dataclass
class Marks:
    """Offsets of tokens: `close` operators and `spaced` equal signs, `bodies` braces, `dashes` of branches, `keys` of
    settings; `dropped` are left out; `room` is the number of blanks before a number of a table or behind a key.
    """

    close: set[int] = field(default_factory=set)
    spaced: set[int] = field(default_factory=set)
    bodies: set[int] = field(default_factory=set)
    dashes: set[int] = field(default_factory=set)
    keys: set[int] = field(default_factory=set)
    single: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)
    room: dict[int, int] = field(default_factory=dict)


def tree_nodes(root: object) -> Iterator[object]:
    """Every node of a syntax tree, in no order."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += node
        elif is_dataclass(node) and not isinstance(node, Span | type):
            yield node
            stack += [getattr(node, item.name) for item in fields(node)]


def mark(root: tree.File, pieces: Sequence[Piece]) -> Marks:
    """The marks of a file."""
    marker = _Marker(pieces)
    for node in tree_nodes(root):
        marker.visit(node)
    return marker.marks


class _Marker:
    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.starts = [piece.start for piece in pieces]
        self.marks = Marks()
        # All braces; those of sizes are taken out when a size is met.
        self.marks.bodies = {piece.start for piece in pieces if piece.text in ("{", "}")}

    def at(self, offset: int) -> int:
        """The number of the first piece that begins at an offset or behind it."""
        return bisect_left(self.starts, offset)

    def visit(self, node: object) -> None:
        match node:
            case tree.Dims():
                for piece in self.pieces[self.at(node.span.start) : self.at(node.span.end)]:
                    self.marks.bodies.discard(piece.start)
            case tree.Arithmetic():
                self._product(node)
            case tree.Argument() if node.name:
                self._equals(node.name, node.value)
            case tree.Parameter() if node.default is not None:
                self._equals(node.name, node.default)
            case tree.Let():
                self.marks.spaced.add(self.pieces[self.at(node.name.span.end)].start)
            case tree.Branch():
                self.marks.dashes.add(node.span.start)
            case tree.SettingLine():
                self.marks.keys.add(node.name.span.start)
            case tree.Call():
                if not node.arguments and node.callee.text != "body":
                    self._empty(node.callee.span)
            case tree.Block() | tree.NetItem():
                if not node.parameters:
                    self._empty(node.name.span)
            case tree.Sequence():
                if node.is_tuple and len(node.items) == 1:
                    self.marks.single.add(node.span.end - 1)
                self._rows([_numbers(item.items) for item in node.items if isinstance(item, tree.Sequence)], own=True)
            case tree.Train():
                self._settings(node)
            case tree.Body():
                self._calls(node)

    def _product(self, node: tree.Arithmetic) -> None:
        operands = [node.first, *(value for _, value in node.rest)]
        signs: list[int] = []
        close = node.rest[0][0] in CLOSE and all(_is_simple(value) for value in operands)
        for left, right in pairwise(operands):
            between = self.pieces[self.at(left.span.end) : self.at(right.span.start)]
            signs += [piece.start for piece in between if piece.text in CLOSE]
            close &= len(between) == 1
        if close:
            self.marks.close.update(signs)

    def _equals(self, name: tree.Name, value: tree.Expr) -> None:
        sign = self.at(name.span.end)
        if isinstance(value, tree.Cond | tree.Compare | tree.Logic | tree.Not):
            behind = self.pieces[sign + 1]
            if behind.text != "(":
                self.marks.spaced.add(self.pieces[sign].start)

    def _empty(self, name: Span) -> None:
        """Parentheses with nothing in them say nothing."""
        place = self.at(name.end)
        opener, closer = self.pieces[place], self.pieces[place + 1 : place + 2]
        if opener.text == "(" and closer and closer[0].text == ")" and not opener.comments and not closer[0].comments:
            self.marks.dropped |= {opener.start, closer[0].start}

    def _settings(self, node: tree.Train) -> None:
        names = [line.name for line in node.settings if isinstance(line, tree.SettingLine)]
        widest = max((len(name.text) for name in names), default=0)
        for name in names:
            behind = self.pieces[self.at(name.span.end)]
            self.marks.room[behind.start] = widest - len(name.text) + AFTER_KEY - 1

    def _calls(self, body: tree.Body) -> None:
        """Calls of one thing with many numbers, one below the other, are the rows of a table."""
        tables: dict[str, list[list[tree.Literal]]] = defaultdict(list)
        for statement in body.statements:
            if isinstance(statement, tree.Line) and statement.chain.start is None:
                first = statement.chain.elements[0]
                if isinstance(first, tree.Call) and first.arguments:
                    values = [a.value for a in first.arguments if a.name is None]
                    if len(values) == len(first.arguments):
                        tables[first.callee.text].append(_numbers(values))
        for rows in tables.values():
            self._rows(rows, own=False)

    def _rows(self, rows: Sequence[Sequence[tree.Literal]], *, own: bool) -> None:
        """Numbers of rows of one length end below each other; rows that are lists count where each has its line."""
        tables: dict[int, list[Sequence[tree.Literal]]] = defaultdict(list)
        for row in rows:
            if len(row) >= ROW and (not own or self.pieces[self.at(row[0].span.start) - 1].breaks):
                tables[len(row)].append(row)
        for table in tables.values():
            for column in zip(*table, strict=True):
                widest = max(len(number.span.text) for number in column)
                for number in column if len(table) > 1 else ():
                    self.marks.room[number.span.start] = widest - len(number.span.text)


def _is_simple(value: tree.Expr) -> bool:
    return isinstance(value, tree.Literal | tree.Reference | tree.Dims | tree.Invoke)


def _numbers(values: Sequence[tree.Expr]) -> list[tree.Literal]:
    """The values where all are numbers, else none."""
    found = [v for v in values if isinstance(v, tree.Literal) and not isinstance(v.value, str)]
    return found if len(found) == len(values) else []
