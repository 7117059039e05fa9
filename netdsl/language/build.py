"""Lark's reductions turned into the syntax tree, bottom up and without recursion.

Each method gets the children of one rule of `grammar/netdsl.lark`, tokens included; a place is
that of the first and the last child.
"""

from __future__ import annotations

from typing import Any

from lark import Token

from netdsl.errors import Span, fail
from netdsl.language import tree
from netdsl.language.build_terms import Arguments, TermBuilder


class Builder(TermBuilder):
    """Callbacks of the parser."""

    # ---- files

    def start(self, c: list[Any]) -> tree.File:
        return tree.File(tuple(i for i in c if not isinstance(i, Token)))

    def value(self, c: list[Any]) -> Any:
        return next(i for i in c if not isinstance(i, Token))

    def chained(self, c: list[Any]) -> list[tuple[tree.Name | None, tuple[tree.Expr, ...]]]:
        return [i for i in c if isinstance(i, tuple)]

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
        arguments = c[2] if isinstance(c[2], Arguments) else None
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
        arguments = next((i.items for i in c if isinstance(i, Arguments)), ())
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
        arguments = next((i.items for i in c if isinstance(i, Arguments)), None)
        braces = c[-1] if isinstance(c[-1], tree.Body) else None
        return tree.Call(c[0], arguments, braces, self._span(c))

    def callee(self, c: list[Any]) -> tree.Callee:
        names = [self._name(t) for t in self._tokens(c, "NAME")]
        return tree.Callee(names[0] if len(names) > 1 else None, names[-1], self._span(c))


class _Shape:
    __slots__ = ("size", "span")

    def __init__(self, size: tree.Expr, span: Span) -> None:
        self.size, self.span = size, span


class _Pattern:
    __slots__ = ("names", "span", "unpacks")

    def __init__(self, names: tuple[tree.Name, ...], unpacks: bool, span: Span) -> None:
        self.names, self.unpacks, self.span = names, unpacks, span


# Rules whose names Python itself needs.
for _word in ("assert", "for", "if", "import", "from"):
    setattr(Builder, _word, getattr(Builder, f"{_word}_"))
