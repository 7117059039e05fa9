"""Files as modules: their values, blocks and nets, and what imports bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from netdsl.errors import Diagnostic, NetError, Span, fail
from netdsl.language import tree
from netdsl.language.custom import add_layers, check_permission
from netdsl.language.evaluate import evaluate
from netdsl.language.expansion import Definition, Expansion
from netdsl.language.library import Library
from netdsl.language.names import LOST, Env, Given, Scope, Unknown, identifiers
from netdsl.language.statements import run_body, run_branches, run_default
from netdsl.language.syntax import parse_file
from netdsl.language.walk import calls_in
from netdsl.layers.base import REGISTRY

MAX_IMPORTS = 64


class Visible(Mapping[str, object]):
    """Names of a file as one of its lines sees them: those given a value above it."""

    def __init__(self, history: dict[str, list[tuple[int, object]]], limit: int) -> None:
        self.history, self.limit = history, limit

    def __getitem__(self, name: str) -> object:
        for order, value in reversed(self.history[name]):
            if order < self.limit:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, entries in self.history.items() if entries[0][0] < self.limit)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(eq=False)
class NetDefinition:
    """A net of a file, before its parameters are set."""

    item: tree.NetItem
    names: Mapping[str, object]
    defaults: Mapping[str, Mapping[str, Given]]
    module: Module


@dataclass(eq=False)
class Module:
    """What a file defines.

    `incomplete` says that mistakes cost statements, and `lacking` which definitions may be missing; None: any.
    """

    name: str
    blocks: dict[str, Definition] = field(default_factory=dict)
    nets: dict[str, NetDefinition] = field(default_factory=dict)
    own_nets: list[str] = field(default_factory=list)
    own_blocks: list[Definition] = field(default_factory=list)
    trains: list[tuple[tree.Train, Env]] = field(default_factory=list)
    tunes: list[tuple[tree.Tune, Env]] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    incomplete: bool = False
    lacking: set[str] | None = field(default_factory=set)
    places: dict[str, Span] = field(default_factory=dict)
    empty: bool = False


def load_module(
    name: str, library: Library, loading: tuple[str, ...] = (), cache: dict[str, Module] | None = None
) -> Module:
    """The module of a source that the library holds, imports included; mistakes are kept in `found`."""
    cache = {} if cache is None else cache
    if name in cache:
        return cache[name]
    source = library.sources[name]
    module = Module(name)
    parsed, module.found = parse_file(source)
    module.incomplete = bool(module.found)
    if parsed is None:
        module.lacking = None
    else:
        module.empty = not parsed.items and not module.found
        _Loader(module, library, (*loading, name), cache).run(parsed)
    cache[name] = module
    return module


@dataclass(eq=False)
class _Loader:
    module: Module
    library: Library
    loading: tuple[str, ...]
    cache: dict[str, Module]
    values: dict[str, list[tuple[int, object]]] = field(default_factory=dict)
    defaults: dict[str, list[tuple[int, object]]] = field(default_factory=dict)

    def run(self, parsed: tree.File) -> None:
        for order, item in enumerate(parsed.items):
            if isinstance(item, tree.Import | tree.Block | tree.Broken):
                self._guard(item, order)
        for order, item in enumerate(parsed.items):
            if not isinstance(item, tree.Import | tree.Block | tree.Broken):
                self._guard(item, order)

    def _guard(self, item: tree.Item, order: int) -> None:
        try:
            self._item(item, order)
        except NetError as error:
            self.module.found += error.diagnostics
        except Unknown:
            pass

    def _item(self, item: tree.Item, order: int) -> None:
        match item:
            case tree.Import():
                self._import(item)
            case tree.Block():
                self._block(item, order)
            case tree.NetItem():
                self._claim(item.name)
                names, defaults = Visible(self.values, order), self._defaults(order)
                self.module.nets[item.name.text] = NetDefinition(item, names, defaults, self.module)
                self.module.own_nets.append(item.name.text)
            case tree.Let():
                name = item.name
                if name.text in self.values:
                    raise fail(
                        "N212",
                        f"`{name.text}` already has a value",
                        span=name.span,
                        help="a `let` is not assigned again",
                    )
                entry = self.values.setdefault(name.text, [])
                entry.append((order, LOST))
                value = evaluate(item.value, self._env(order), None)
                entry[0] = (order, value)
            case tree.Default():
                env = self._env(order)
                run_default(item, env, None)
                name_text = item.callee.text
                self.defaults.setdefault(name_text, []).append((order, env.default_arguments(name_text)))
            case tree.Train():
                self.module.trains.append((item, self._env(order)))
            case tree.Tune():
                self.module.tunes.append((item, self._env(order)))
            case tree.Broken():
                self.module.incomplete = True
                if self.module.lacking is not None:
                    self.module.lacking |= identifiers(item.span)

    def _defaults(self, order: int) -> Mapping[str, Mapping[str, Given]]:
        return cast("Mapping[str, Mapping[str, Given]]", Visible(self.defaults, order))

    def _env(self, order: int) -> Env:
        """Where an item of the file stands."""
        expansion = Expansion(run_body, run_branches, incomplete=self.module.incomplete, lacking=self.module.lacking)
        base = Env(
            expansion, Scope(""), Visible(self.values, order), self.module.blocks, defaults=self._defaults(order)
        )
        return base.inside()

    def _claim(self, name: tree.Name) -> None:
        first = self.module.places.get(name.text)
        if first is not None:
            raise fail("N212", f"`{name.text}` is already defined", span=name.span, notes=((first, "first here"),))
        self.module.places[name.text] = name.span

    def _block(self, item: tree.Block, order: int) -> None:
        name = item.name.text
        self._claim(item.name)
        bodies = [call for call in calls_in(item.body) if call.callee.text == "body"]
        if len(bodies) > 1:
            self.module.found.append(
                Diagnostic(
                    "N214", "a block says `body` at most once", bodies[1].span, notes=((bodies[0].span, "first here"),)
                )
            )
        if name in REGISTRY:
            message = f"block `{name}` has the name of a layer, and wins"
            self.module.found.append(Diagnostic("W203", message, item.name.span, severity="warning"))
        names, defaults = Visible(self.values, order), self._defaults(order)
        definition = Definition(item, names, defaults, self.module.blocks, bool(bodies))
        self.module.blocks[name] = definition
        self.module.own_blocks.append(definition)

    def _import(self, item: tree.Import) -> None:
        if item.path.endswith(".py"):
            self._import_layers(item)
            return
        try:
            name = self.library.imported(item.path, self.module.name, item.path_span)
            if name in self.loading:
                chain = " → ".join((*self.loading[self.loading.index(name) :], name))
                raise fail("N218", f"files import each other: {chain}", span=item.path_span)
            if len(self.loading) >= MAX_IMPORTS:
                raise fail("N218", f"imports nest deeper than {MAX_IMPORTS} files", span=item.path_span)
        except NetError:
            self.module.incomplete = True
            self.module.lacking = None
            raise
        other = load_module(name, self.library, self.loading, self.cache)
        self.module.found += [d for d in other.found if d not in self.module.found]
        self.module.incomplete |= other.incomplete
        both = self.module.lacking is not None and other.lacking is not None
        self.module.lacking = (self.module.lacking or set()) | (other.lacking or set()) if both else None
        prefix = f"{item.alias.text}." if item.alias else ""
        for definition in other.own_blocks:
            self._bring(prefix, definition.block.name, item)
            self.module.blocks.setdefault(prefix + definition.block.name.text, definition)
        for net in other.own_nets:
            self._bring(prefix, other.nets[net].item.name, item)
            self.module.nets.setdefault(prefix + net, other.nets[net])

    def _import_layers(self, item: tree.Import) -> None:
        """Layers that a Python file declares; a file that is not run may have declared any."""
        try:
            check_permission(item.path, item.path_span)
            if item.alias is not None:
                raise fail(
                    "N218", "layers keep their own names: `import` of a `.py` file takes no `as`", span=item.span
                )
            name = self.library.imported(item.path, self.module.name, item.path_span)
            add_layers(self.library.sources[name], item.path_span)
        except NetError:
            self.module.incomplete = True
            self.module.lacking = None
            raise

    def _bring(self, prefix: str, name: tree.Name, item: tree.Import) -> None:
        text = prefix + name.text
        first = self.module.places.get(text)
        if first is None:
            self.module.places[text] = name.span
        elif first != name.span:
            notes = ((first, "defined here"), (name.span, "and here"))
            help_text = "`import … as r` keeps them apart"
            self.module.found.append(
                Diagnostic("N212", f"this import defines `{text}` again", item.path_span, notes=notes, help=help_text)
            )
