"""What names mean while a net is expanded: values, labels and families of labels, each in its scope."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from netdsl.errors import Span
from netdsl.shapes import Shape

if TYPE_CHECKING:
    from netdsl.language import tree
    from netdsl.language.expansion import Definition, Expansion

QUANTITIES = frozenset(("params", "state", "total", "trainable", "nontrainable", "macs", "rf"))
MEMBERS = QUANTITIES | {"h", "w", "c", "shape"}


class Unknown(Exception):
    """Something depends on a part that already failed; its own mistake was reported, so this one is silent."""


@dataclass(frozen=True, eq=False)
class Wire:
    """A value of the net: the node that makes it and its shape, None after a mistake; `name` may be a scope's."""

    path: str
    shape: Shape | None
    name: str
    span: Span | None = None

    def __repr__(self) -> str:
        return self.name

    @property
    def known(self) -> bool:
        return self.shape is not None


LOST = Wire("", None, "")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def identifiers(span: Span) -> set[str]:
    """Every identifier in a piece of text."""
    return set(_IDENTIFIER.findall(span.text))


@dataclass(eq=False)
class Family:
    """`x[i]:` labels, by index; stands for all its elements in order."""

    path: str
    elements: dict[int, Wire | Family] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.path

    def wires(self) -> Iterator[Wire]:
        """All elements in order of their indices, those of families inside in place."""
        for index in sorted(self.elements):
            element = self.elements[index]
            if isinstance(element, Family):
                yield from element.wires()
            else:
                yield element


@dataclass(eq=False)
class Scope:
    """Labels and counts of one net, block instance, head or long chain; `prefix` begins the paths in it."""

    prefix: str
    outer: Scope | None = None
    labels: dict[str, Wire | Family] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    lost: set[str] = field(default_factory=set)

    def number(self, kind: str) -> str:
        """The path of the next unnamed call of a kind; called for named ones too, as they count."""
        self.counts[kind] += 1
        return f"{self.prefix}{kind}_{self.counts[kind]}"

    def find(self, name: str) -> Wire | Family | None:
        """A label, here or in a scope round this one."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.labels:
                return scope.labels[name]
            scope = scope.outer
        return None

    def all_labels(self) -> Iterator[str]:
        scope: Scope | None = self
        while scope is not None:
            yield from scope.labels
            scope = scope.outer

    def lost_name(self, name: str) -> bool:
        """Whether a statement that failed speaks of this name, so that it may be missing only for that."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.lost:
                return True
            scope = scope.outer
        return False


Given = tuple[object, "tree.Argument"]


@dataclass(frozen=True, eq=False)
class Env:
    """Where an expression or call stands: names for values, defaults, the scope of labels, the calls that led here."""

    expansion: Expansion
    scope: Scope
    values: Mapping[str, object]
    blocks: Mapping[str, Definition]
    outer: Env | None = None
    defaults: Mapping[str, Mapping[str, Given]] = field(default_factory=dict)
    braces: tuple[tree.Body, Env] | None = None
    calls: tuple[Span, ...] = ()
    depth: int = 0
    in_assert: bool = False

    def find(self, name: str) -> tuple[bool, object]:
        """Whether a let, parameter or loop variable has this name, and its value."""
        env: Env | None = self
        while env is not None:
            if name in env.values:
                return True, env.values[name]
            env = env.outer
        return False, None

    def all_values(self) -> Iterator[str]:
        env: Env | None = self
        while env is not None:
            yield from env.values
            env = env.outer

    def default_arguments(self, callee: str) -> dict[str, Given]:
        """The defaults that hold for a call written here; the later and inner win."""
        found: dict[str, Given] = {}
        env: Env | None = self
        while env is not None:
            found = {**env.defaults.get(callee, {}), **found}
            env = env.outer
        return found

    def inside(self, values: dict[str, object] | None = None, **changes: object) -> Env:
        """A body in this one, with names of its own."""
        fresh: dict[str, object] = {} if values is None else values
        return replace(self, values=fresh, outer=self, defaults={}, depth=self.depth + 1, **changes)  # type: ignore[arg-type]

    def for_assert(self) -> Env:
        """The same place, where quantities such as `params` are names too."""
        return replace(self, in_assert=True)
