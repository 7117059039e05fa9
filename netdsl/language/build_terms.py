"""Reductions of expressions and arguments turned into the tree."""

from __future__ import annotations

from collections.abc import Sequence as Seq
from math import isfinite
from typing import Any

from lark import Token

from netdsl.errors import Fix, Source, Span, fail
from netdsl.language import terms as tree

RESERVED = frozenset(
    [
        "block",
        "net",
        "import",
        "train",
        "tune",
        "input",
        "output",
        "head",
        "from",
        "default",
        "let",
        "assert",
        "always",
        "for",
        "in",
        "if",
        "else",
        "and",
        "or",
        "not",
        "true",
        "false",
        "body",
        "id",
        "none",
        "_",
    ]
)
MAX_INTEGER = 2**63 - 1
MAX_NAME = 200
_DECIMAL = "numbers are decimal, and sizes count from 1"


class TermBuilder:
    """Callbacks for expressions; `source` is the text that is being parsed."""

    source: Source

    def _start(self, child: Any) -> int:
        return int(child.start_pos or 0) if isinstance(child, Token) else int(child.span.start)

    def _end(self, child: Any) -> int:
        return int(child.end_pos or 0) if isinstance(child, Token) else int(child.span.end)

    def _span(self, children: Seq[Any]) -> Span:
        return Span(self.source, self._start(children[0]), self._end(children[-1]))

    def _name(self, token: Token) -> tree.Name:
        if len(token) > MAX_NAME:
            start = token.start_pos or 0
            span = Span(self.source, start, start + 40)
            raise fail("N116", f"this name has {len(token):,} characters; the most is {MAX_NAME}", span=span)
        return tree.Name(str(token), Span(self.source, token.start_pos or 0, token.end_pos or 0))

    def _fresh(self, token: Token, what: str) -> tree.Name:
        name = self._name(token)
        if name.text in RESERVED:
            raise fail(
                "N113",
                f"`{name.text}` is a reserved word and cannot be {what}",
                span=name.span,
                fixes=(Fix(f"`{name.text}_`", ((name.span, f"{name.text}_"),)),),
            )
        return name

    def _tokens(self, children: Seq[Any], kind: str) -> list[Token]:
        return [c for c in children if isinstance(c, Token) and c.type == kind]

    def args(self, c: list[Any]) -> Arguments:
        return Arguments(tuple(a for a in c if isinstance(a, tree.Argument)), self._span(c))

    def arg(self, c: list[Any]) -> tree.Argument:
        return tree.Argument(self._name(c[0]) if len(c) > 1 else None, c[-1], self._span(c))

    def cond(self, c: list[Any]) -> tree.Cond:
        values = c[::2]
        cases = tuple((values[i], values[i + 1]) for i in range(0, len(values) - 1, 2))
        return tree.Cond(cases, values[-1], self._span(c))

    def or_(self, c: list[Any]) -> tree.Logic:
        return tree.Logic("or", tuple(c[::2]), self._span(c))

    def and_(self, c: list[Any]) -> tree.Logic:
        return tree.Logic("and", tuple(c[::2]), self._span(c))

    def not_(self, c: list[Any]) -> tree.Not:
        return tree.Not(len(c) - 1, c[-1], self._span(c))

    def compare(self, c: list[Any]) -> tree.Compare:
        return tree.Compare(c[0], tuple((str(c[i]), c[i + 1]) for i in range(1, len(c), 2)), self._span(c))

    def sum_(self, c: list[Any]) -> tree.Arithmetic:
        return tree.Arithmetic(c[0], tuple((str(c[i]), c[i + 1]) for i in range(1, len(c), 2)), self._span(c))

    product = sum_

    def power(self, c: list[Any]) -> tree.Power:
        operands: list[tuple[int, Any]] = []
        signs = 0
        for child in c:
            if not isinstance(child, Token):
                operands.append((signs, child))
                signs = 0
            elif child == "-":
                signs += 1
        return tree.Power(tuple(operands), self._span(c))

    def number(self, c: list[Token]) -> tree.Literal:
        text, span = str(c[0]).replace("_", ""), self._span(c)
        if text.isdigit():
            if len(text.lstrip("0")) > 19 or int(text) > MAX_INTEGER:
                raise fail("N306", "this integer does not fit in 64 bits: the most is 9223372036854775807", span=span)
            return tree.Literal(int(text), span)
        number = float(text)
        if not isfinite(number):
            raise fail("N306", "this number is larger than any 64-bit decimal number", span=span)
        return tree.Literal(number, span)

    def text(self, c: list[Token]) -> tree.Literal:
        return tree.Literal(str(c[0])[1:-1], self._span(c))

    def ref(self, c: list[Any]) -> tree.Reference:
        suffixes = tuple(s.member if isinstance(s, _Member) else s for s in c[1:])
        return tree.Reference(self._name(c[0]), suffixes, self._span(c))

    def member(self, c: list[Token]) -> _Member:
        return _Member(tree.Member(self._name(c[1])), self._span(c))

    def index(self, c: list[Any]) -> tree.Index:
        return tree.Index(c[1], self._span(c))

    def invoke(self, c: list[Any]) -> tree.Invoke:
        return tree.Invoke(self._name(c[0]), c[1].items, self._span(c))

    def list_(self, c: Seq[Any]) -> tree.Sequence:
        return tree.Sequence(tuple(i for i in c if not isinstance(i, Token)), False, self._span(c))

    def tuple_(self, c: Seq[Any]) -> tree.Sequence:
        return tree.Sequence(tuple(i for i in c if not isinstance(i, Token)), True, self._span(c))

    def group(self, c: Seq[Any]) -> Any:
        return c[1]

    def braced(self, c: Seq[Any]) -> _Braced:
        return _Braced(c[1], self._span(c))

    def dims(self, c: Seq[Any]) -> tree.Dims:
        parts: list[int | tree.Expr] = []
        for before, child in zip([None, *c], c, strict=False):
            if before is not None and self._end(before) != self._start(child):
                blank = Span(self.source, self._end(before), self._start(child))
                raise fail("N110", "a size is written without blanks", span=blank, help="such as `{n}x{n}x3`")
            if isinstance(child, _Braced):
                parts.append(child.value)
            elif len(c) == 1 and str(child).startswith("0x") and str(child).count("x") == 1:
                raise fail("N115", f"`{child}` is neither a number nor a size", span=self._span(c), help=_DECIMAL)
            else:
                parts += [self._size(number, child) for number in str(child).split("x") if number]
        return tree.Dims(tuple(parts), self._span(c))

    def _size(self, digits: str, token: Token) -> int:
        span = Span(self.source, token.start_pos or 0, token.end_pos or 0)
        if len(digits) > 19 or int(digits) > MAX_INTEGER:
            raise fail("N306", "this size does not fit in 64 bits: the most is 9223372036854775807", span=span)
        return int(digits)


class Arguments:
    """The arguments of a call, with the place of its parentheses."""

    __slots__ = ("items", "span")

    def __init__(self, items: tuple[tree.Argument, ...], span: Span) -> None:
        self.items, self.span = items, span


class _Member:
    __slots__ = ("member", "span")

    def __init__(self, member: tree.Member, span: Span) -> None:
        self.member, self.span = member, span


class _Braced:
    __slots__ = ("span", "value")

    def __init__(self, value: tree.Expr, span: Span) -> None:
        self.value, self.span = value, span


# Rules whose names Python itself needs.
for _word in ("or", "and", "not", "list", "tuple", "sum"):
    setattr(TermBuilder, _word, getattr(TermBuilder, f"{_word}_"))
