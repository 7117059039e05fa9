"""Lark's reductions turned into the syntax tree, bottom up and without recursion.

Each method gets the children of one rule of `grammar/netdsl.lark`, tokens included; a place is
that of the first and the last child.
"""

from __future__ import annotations

from collections.abc import Sequence as Seq
from math import isfinite
from typing import Any

from lark import Token

from netdsl.errors import Fix, Source, Span, fail
from netdsl.language import tree

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


class Builder:
    """Callbacks of the parser; `source` is the text that is being parsed."""

    source: Source

    # ---- places

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

    # ---- files

    def start(self, c: list[Any]) -> tree.File:
        return tree.File(tuple(i for i in c if not isinstance(i, Token)))

    def value(self, c: list[Any]) -> Any:
        return next(i for i in c if not isinstance(i, Token))

    def broken(self, c: list[Token]) -> tree.Broken:
        return tree.Broken(self._span(c))

    def block(self, c: list[Any]) -> tree.Block:
        return tree.Block(self._fresh(c[1], "the name of a block"), self._params(c), c[-1], self._span(c))

    def net(self, c: list[Any]) -> tree.NetItem:
        return tree.NetItem(self._fresh(c[1], "the name of a net"), self._params(c), c[-1], self._span(c))

    def _params(self, c: list[Any]) -> tuple[tree.Parameter, ...]:
        return c[2] if isinstance(c[2], tuple) else ()

    def params(self, c: list[Any]) -> tuple[tree.Parameter, ...]:
        return tuple(p for p in c if isinstance(p, tree.Parameter))

    def param(self, c: list[Any]) -> tree.Parameter:
        return tree.Parameter(self._fresh(c[0], "a parameter"), c[2] if len(c) > 2 else None)

    def train(self, c: list[Any]) -> tree.Train:
        nets = tuple(self._name(t) for t in self._tokens(c, "NAME"))
        lines = tuple(i for i in c if isinstance(i, tree.SettingLine | tree.Broken))
        return tree.Train(nets, lines, self._span(c))

    def setting(self, c: list[Any]) -> tree.SettingLine:
        values = tuple(i for i in c[1:] if isinstance(i, tuple))
        last = values[-1][1][-1]
        return tree.SettingLine(self._name(c[0]), values, Span(self.source, c[0].start_pos, last.span.end))

    def steps(self, c: list[Any]) -> tuple[tree.Name | None, tuple[tree.Expr, ...]]:
        given = [a for a in c if isinstance(a, tree.Argument)]
        for late in given[1:]:
            if late.name is not None:
                raise fail("N101", "a setting's name stands before its first step", span=late.name.span)
        return given[0].name, tuple(a.value for a in given)

    def tune(self, c: list[Any]) -> tree.Tune:
        lines = tuple(i for i in c if isinstance(i, tree.SearchLine | tree.Broken))
        arguments = c[2] if isinstance(c[2], _Arguments) else None
        return tree.Tune(self._name(c[1]), arguments.items if arguments else (), lines, self._span(c))

    def search(self, c: list[Any]) -> tree.SearchLine:
        return tree.SearchLine(tuple(self._name(t) for t in self._tokens(c, "NAME")), c[-1], self._span(c))

    # ---- statements

    def body(self, c: list[Any]) -> tree.Body:
        return tree.Body(tuple(s for s in c if not isinstance(s, Token)), self._span(c))

    def input(self, c: list[Any]) -> tree.Input:
        return tree.Input(self._fresh(c[1], "the name of an input"), c[3], self._span(c))

    def output(self, c: list[Any]) -> tree.Output:
        return tree.Output(tuple(r for r in c if isinstance(r, tree.Reference)), self._span(c))

    def default(self, c: list[Any]) -> tree.Default:
        return tree.Default(c[1], c[2].items, self._span(c))

    def let(self, c: list[Any]) -> tree.Let:
        return tree.Let(self._fresh(c[1], "a name for a value"), c[3], self._span(c))

    def label(self, c: list[Any]) -> tree.Label:
        return tree.Label(self._fresh(c[0], "a label"), tuple(c[1:-1]), self._span(c[:-1]))

    def shape(self, c: list[Any]) -> _Shape:
        return _Shape(c[1], c[1].span)

    def layer(self, c: list[Any]) -> tree.Line:
        label = c[0] if isinstance(c[0], tree.Label) else None
        shape = c[-1].size if isinstance(c[-1], _Shape) else None
        return tree.Line(label, next(i for i in c if isinstance(i, tree.Chain)), shape, self._span(c))

    def branch(self, c: list[Any]) -> tree.Branch:
        label = c[1] if isinstance(c[1], tree.Label) else None
        chains = [i for i in c if isinstance(i, tree.Chain)]
        shape = next((i.size for i in c if isinstance(i, _Shape)), None)
        at = next((n for n, i in enumerate(c) if isinstance(i, Token) and i.type == "IF"), None)
        condition = c[at + 1] if at is not None else None
        return tree.Branch(label, chains[0], shape, condition, chains[1] if chains[1:] else None, self._span(c))

    def assert_(self, c: list[Any]) -> tree.Assert:
        always = isinstance(c[1], Token)
        words = str(c[-1])[1:-1] if isinstance(c[-1], Token) else None
        return tree.Assert(always, c[2 if always else 1], words, self._span(c))

    def for_(self, c: list[Any]) -> tree.For:
        patterns = [i for i in c if isinstance(i, _Pattern)]
        if len(patterns) == 2 and patterns[0].unpacks:
            raise fail("N101", "the first of two loop variables is the index: a name", span=patterns[0].span)
        names = tuple(p.names for p in patterns)
        return tree.For(names, patterns[-1].unpacks, c[-2], c[-1], self._span(c))

    def pattern(self, c: list[Any]) -> _Pattern:
        names = tuple(self._fresh(t, "a loop variable") for t in self._tokens(c, "NAME"))
        return _Pattern(names, len(c) > 1, self._span(c))

    def if_(self, c: list[Any]) -> tree.If:
        rest = [i for i in c if not isinstance(i, Token)]
        cases = tuple((rest[i], rest[i + 1]) for i in range(0, len(rest) - 1, 2))
        return tree.If(cases, rest[-1] if len(rest) % 2 else None, self._span(c))

    def head(self, c: list[Any]) -> tree.Head:
        arguments = next((i.items for i in c if isinstance(i, _Arguments)), ())
        start = next((i for i in c if isinstance(i, tree.Reference)), None)
        return tree.Head(self._fresh(c[1], "the name of a head"), arguments, start, c[-1], self._span(c))

    def import_(self, c: list[Any]) -> tree.Import:
        span = Span(self.source, c[1].start_pos, c[1].end_pos)
        alias = self._fresh(c[3], "the name of an import") if len(c) > 2 else None
        return tree.Import(str(c[1])[1:-1], span, alias, self._span(c))

    # ---- chains

    def chain(self, c: list[Any]) -> tree.Chain:
        start = c[0] if isinstance(c[0], tree.From) else None
        elements = tuple(e for e in c if not isinstance(e, Token | tree.From))
        return tree.Chain(start, elements, self._span(c))

    def from_(self, c: list[Any]) -> tree.From:
        return tree.From(c[1], self._span(c))

    def repeat(self, c: list[Any]) -> tree.Repeat:
        return tree.Repeat(c[0], c[2], self._span(c))

    def choice(self, c: list[Any]) -> tree.Choice:
        condition = c[3] if len(c) > 3 else None
        return tree.Choice(c[1], condition, c[5] if len(c) > 5 else None, self._span(c))

    def call(self, c: list[Any]) -> tree.Call:
        arguments = next((i.items for i in c if isinstance(i, _Arguments)), None)
        braces = c[-1] if isinstance(c[-1], tree.Body) else None
        return tree.Call(c[0], arguments, braces, self._span(c))

    def callee(self, c: list[Any]) -> tree.Callee:
        names = [self._name(t) for t in self._tokens(c, "NAME")]
        return tree.Callee(names[0] if len(names) > 1 else None, names[-1], self._span(c))

    def args(self, c: list[Any]) -> _Arguments:
        return _Arguments(tuple(a for a in c if isinstance(a, tree.Argument)), self._span(c))

    def arg(self, c: list[Any]) -> tree.Argument:
        return tree.Argument(self._name(c[0]) if len(c) > 1 else None, c[-1], self._span(c))

    # ---- expressions

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


class _Arguments:
    __slots__ = ("items", "span")

    def __init__(self, items: tuple[tree.Argument, ...], span: Span) -> None:
        self.items, self.span = items, span


class _Shape:
    __slots__ = ("size", "span")

    def __init__(self, size: tree.Expr, span: Span) -> None:
        self.size, self.span = size, span


class _Pattern:
    __slots__ = ("names", "span", "unpacks")

    def __init__(self, names: tuple[tree.Name, ...], unpacks: bool, span: Span) -> None:
        self.names, self.unpacks, self.span = names, unpacks, span


class _Member:
    __slots__ = ("member", "span")

    def __init__(self, member: tree.Member, span: Span) -> None:
        self.member, self.span = member, span


class _Braced:
    __slots__ = ("span", "value")

    def __init__(self, value: tree.Expr, span: Span) -> None:
        self.value, self.span = value, span


# Rules whose names Python itself needs.
for _word in ("assert", "for", "if", "import", "from", "or", "and", "not", "list", "tuple", "sum"):
    setattr(Builder, _word, getattr(Builder, f"{_word}_"))
