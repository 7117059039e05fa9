"""Every default written out: `maxpool(2x2)` becomes `maxpool(2x2, stride=2x2, pad=valid, ceil=false, act=none)`.

Arguments that a `default` statement gives stay there, as it says them already.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, replace

from netdsl.errors import NetError, Source
from netdsl.graph.net import Net
from netdsl.language import tree
from netdsl.language.bind import slots_of
from netdsl.language.check import Request, check
from netdsl.language.expansion import Definition
from netdsl.language.library import Library
from netdsl.language.marks import tree_nodes
from netdsl.language.modules import load_module
from netdsl.language.pieces import Piece, pieces_of
from netdsl.language.syntax import parse_tokens
from netdsl.language.walk import own_calls
from netdsl.layers.base import REGISTRY, Layer, arguments, written
from netdsl.layers.values import Word, format_value

Defaults = Mapping[str, frozenset[str]]


def explicit_text(asked: Request) -> str:
    """The main text of a request with the defaults of its calls; raises `NetError` where the file has mistakes."""
    before, found = check(asked)
    if errors := [d for d in found if d.severity == "error"]:
        raise NetError(errors)
    source = asked.library.sources[asked.main]
    text = _Writer(source, load_module(asked.main, asked.library).blocks).text()
    library = Library(asked.library.folder, {**asked.library.replaced, asked.main: text})
    after, _ = check(replace(asked, library=library))
    assert list(map(_meaning, before)) == list(map(_meaning, after)), "writing out the defaults changes the net"
    return text


def _meaning(net: Net) -> tuple[object, ...]:
    return [(node.path, node.inputs, node.shape) for node in net], net.cost, net.fields


class _Writer:
    """Insertions into one text."""

    def __init__(self, source: Source, blocks: Mapping[str, Definition]) -> None:
        self.source, self.blocks = source, blocks
        self.tree, tokens = parse_tokens(source)
        self.pieces = pieces_of(source.text, tokens)
        self.starts = [piece.start for piece in self.pieces]
        self.bound = set(_bound(self.tree))
        self.inserted: dict[int, str] = {}

    def text(self) -> str:
        """The text with the insertions."""
        self._statements(self.tree.items, {})
        text = self.source.text
        for at in sorted(self.inserted, reverse=True):
            text = text[:at] + self.inserted[at] + text[at:]
        return text

    def _statements(self, statements: Sequence[object], outer: Defaults) -> None:
        """The calls of a body; a `default` counts from its line to the end of the body."""
        defaults = dict(outer)
        for statement in statements:
            match statement:
                case tree.Default():
                    name = statement.callee.text
                    given = frozenset(a.name.text for a in statement.arguments if a.name)
                    defaults[name] = defaults.get(name, frozenset()) | given
                case tree.Block() | tree.NetItem() | tree.For() | tree.Head():
                    self._statements(statement.body.statements, defaults)
                case tree.If():
                    for body in (*(body for _, body in statement.cases), statement.otherwise):
                        self._statements(body.statements if body else (), defaults)
                case tree.Line() | tree.Branch():
                    for call in own_calls(statement):
                        self._call(call, defaults.get(call.callee.text, frozenset()))
                        self._statements(call.braces.statements if call.braces else (), defaults)

    def _call(self, call: tree.Call, defaults: frozenset[str]) -> None:
        given = call.arguments or ()
        known = defaults | {a.name.text for a in given if a.name}
        values = [a.value for a in given if a.name is None]
        name = call.callee.text
        if name in self.blocks:
            parameters = self.blocks[name].block.parameters
            missing = [
                (p.name.text, p.default.span.text)
                for p in parameters[len(values) :]
                if p.default is not None and p.name.text not in known and self._is_constant(p.default)
            ]
        elif name in REGISTRY:
            missing = list(self._of_layer(REGISTRY[name], call, values, known))
        else:
            return
        if missing:
            self._insert(call, ", ".join(f"{name}={value}" for name, value in missing))

    def _of_layer(
        self, layer: type[Layer], call: tree.Call, values: Sequence[tree.Expr], known: frozenset[str]
    ) -> Iterator[tuple[str, str]]:
        positional = [slot.name for slot in slots_of(layer) if slot.positional][: len(values)]
        texts = {a.name.text: a.value.span.text for a in call.arguments or () if a.name}
        texts |= {name: value.span.text for name, value in zip(positional, values, strict=False)}
        for item in arguments(layer):
            if item.default is MISSING or item.name in known or item.name in positional:
                continue
            if item.default is None:
                if (like := item.metadata["like"]) in texts:
                    yield item.name, texts[like]
            elif not (isinstance(item.default, Word) and item.default in self.bound):
                yield item.name, format_value(written(item.default, item))

    def _is_constant(self, value: tree.Expr) -> bool:
        """Whether an expression says the same wherever it stands."""
        return not any(
            isinstance(node, tree.Invoke) or (isinstance(node, tree.Reference) and not self._is_word(node))
            for node in tree_nodes(value)
        )

    def _is_word(self, reference: tree.Reference) -> bool:
        own = reference.span.source is self.source
        return own and not reference.suffixes and reference.name.text not in self.bound

    def _insert(self, call: tree.Call, text: str) -> None:
        end = call.callee.span.end
        if call.arguments is None:
            self.inserted[end] = f"({text})"
            return
        place = bisect_left(self.starts, end) + 1
        depth = 1
        while depth:
            depth += {"(": 1, ")": -1}.get(self.pieces[place].text, 0)
            place += 1
        closer: Piece = self.pieces[place - 1]
        joined = "" if self.pieces[place - 2].text in ("(", ",") else ", "
        self.inserted[closer.start] = joined + text


def _bound(root: tree.File) -> Iterator[str]:
    """Every name that a file gives to something."""
    for node in tree_nodes(root):
        match node:
            case tree.Label() | tree.Let() | tree.Parameter() | tree.Input() | tree.Head():
                yield node.name.text
            case tree.For():
                yield from (name.text for names in node.patterns for name in names)
