"""The state of one expansion: nodes made so far, what paths stand for, mistakes, and what is left of the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from netdsl.errors import Diagnostic, NetError, Span, fail
from netdsl.graph.net import Head, Node, Scope
from netdsl.language import tree
from netdsl.language.names import Env, Family, Given, Unknown, Wire, identifiers
from netdsl.symbolic.symbol import Symbol

MAX_NODES = 100_000
MAX_STEPS = 1_000_000
MAX_NESTING = 64
MAX_FOUND = 200
MAX_STEPS_LOST = 10_000


@dataclass(frozen=True, eq=False)
class Definition:
    """A block, with what its file lets it see: values, defaults and blocks; `wants_body` where it says `body`."""

    block: tree.Block
    names: Mapping[str, object]
    defaults: Mapping[str, Mapping[str, Given]]
    blocks: Mapping[str, Definition]
    wants_body: bool


@dataclass(eq=False)
class Expansion:
    """One net on its way from tree to graph."""

    run: Callable[[Sequence[tree.Statement], Env, Wire | None], Wire | None]
    run_branches: Callable[[tree.Body, Env, Wire | None, list[Wire]], None]
    overrides: Mapping[str, object] = field(default_factory=dict)
    incomplete: bool = False
    lacking: set[str] | None = field(default_factory=set)
    lost: bool = False
    lost_at: int = 0
    nodes: dict[str, Node] = field(default_factory=dict)
    places: dict[str, Wire | Family] = field(default_factory=dict)
    place_spans: dict[str, Span] = field(default_factory=dict)
    labelled: dict[str, str] = field(default_factory=dict)
    scopes: list[Scope] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    heads: list[Head] = field(default_factory=list)
    claims: list[tuple[tree.Assert, Env, Wire | None]] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    symbols: list[Symbol] = field(default_factory=list)
    steps: int = 0
    measure_path: Callable[[str, str, Span], object] | None = None
    later: Mapping[str, Span] = field(default_factory=dict)
    _seen: set[tuple[str, int, int]] = field(default_factory=set)

    def may_lack(self, name: str) -> bool:
        """Whether the file lost a definition that may have had this name."""
        return self.lacking is None or name in self.lacking

    @property
    def failed(self) -> bool:
        return self.lost or self.incomplete

    def report(self, diagnostic: Diagnostic, calls: tuple[Span, ...] = ()) -> None:
        """Keep a diagnostic, once for each place; `calls` are the block calls that led there."""
        if diagnostic.span is not None:
            key = (diagnostic.code, id(diagnostic.span.source), diagnostic.span.start)
            if key in self._seen:
                return
            self._seen.add(key)
        notes = tuple((span, "called here") for span in calls[-1:])
        self.found.append(replace(diagnostic, notes=diagnostic.notes + notes))

    @property
    def full(self) -> bool:
        """Whether so many mistakes were found, or so much was run behind one, that looking for more helps nobody."""
        return len(self.found) >= MAX_FOUND or (self.lost and self.steps - self.lost_at > MAX_STEPS_LOST)

    def catch(self, error: NetError | Unknown, env: Env, at: Span | None = None) -> None:
        """Record what a statement raised; labels made in the text `at` may be missing from now on."""
        if at is not None:
            env.scope.lost |= identifiers(at)
        if not self.lost:
            self.lost, self.lost_at = True, self.steps
        if isinstance(error, NetError):
            for diagnostic in error.diagnostics:
                self.report(diagnostic, env.calls)

    def claim_path(self, path: str, span: Span) -> None:
        """Take a path for a node, scope or family element; `NetError` N211 where it is taken."""
        first = self.place_spans.get(path)
        if first is not None:
            help_text = "in a loop write `name[i]:`" if first == span else None
            raise fail("N211", f"`{path}` is already a name", span=span, notes=((first, "first here"),), help=help_text)
        self.place_spans[path] = span

    def add(self, node: Node, name: str | None = None) -> Wire:
        """Put a node into the net and give its value."""
        if len(self.nodes) >= MAX_NODES:
            raise self.too_many(node.span, len(self.nodes) + 1)
        self.nodes[node.path] = node
        wire = Wire(node.path, node.shape, name or node.path, node.span)
        self.places[node.path] = wire
        return wire

    def charge(self, times: int, each: int, span: Span) -> None:
        """Refuse a repetition before it is expanded, when it makes too many nodes or takes too many steps."""
        self.steps += times
        self.expect(times * each, span)
        if self.steps > MAX_STEPS:
            raise fail("N231", f"this takes more than {MAX_STEPS:,} steps to expand", span=span)

    def expect(self, count: int, span: Span) -> None:
        """Refuse `count` more nodes before they are made; `NetError` N231."""
        if len(self.nodes) + count > MAX_NODES:
            raise self.too_many(span, len(self.nodes) + count)

    def too_many(self, span: Span | None, count: int) -> NetError:
        return fail("N231", f"this expands to {count:,} nodes; the most is {MAX_NODES:,}", span=span)

    def measure(self, path: str, name: tree.Name) -> object:
        """`params`, `macs`, `rf` … of a node or scope (all of the net for the empty path), once the net is whole."""
        if self.failed or self.measure_path is None:
            raise Unknown
        return self.measure_path(path, name.text, name.span)

    def measure_family(self, family: Family, name: tree.Name) -> object:
        """A count summed over the elements of a family; their shared tensors count once."""
        if self.failed or self.measure_path is None:
            raise Unknown
        return self.measure_path(family.path + "[*]", name.text, name.span)

    def defined_later(self, name: tree.Name) -> Span | None:
        """Where a label of this name stands further down in the same file."""
        span = self.later.get(name.text)
        return span if span is not None and span.source is name.span.source and span.start > name.span.start else None
