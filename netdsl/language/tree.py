"""The syntax tree: what a `.net` file says, statement by statement, each part with its place in the text.

Lists are flat (`a + b - c` is one `Arithmetic`), so that only brackets nest, and at most 64 deep.
"""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.errors import Span
from netdsl.language.terms import Argument as Argument
from netdsl.language.terms import Arithmetic as Arithmetic
from netdsl.language.terms import Compare as Compare
from netdsl.language.terms import Cond as Cond
from netdsl.language.terms import Dims as Dims
from netdsl.language.terms import Expr as Expr
from netdsl.language.terms import Index as Index
from netdsl.language.terms import Invoke as Invoke
from netdsl.language.terms import Literal as Literal
from netdsl.language.terms import Logic as Logic
from netdsl.language.terms import Member as Member
from netdsl.language.terms import Name as Name
from netdsl.language.terms import Not as Not
from netdsl.language.terms import Power as Power
from netdsl.language.terms import Reference as Reference
from netdsl.language.terms import Sequence as Sequence


@dataclass(frozen=True, slots=True)
class Callee:
    """What a call names: `conv`, or `r.cbr` of an import `as r`."""

    qualifier: Name | None
    name: Name
    span: Span

    @property
    def text(self) -> str:
        return f"{self.qualifier.text}.{self.name.text}" if self.qualifier else self.name.text


@dataclass(frozen=True, slots=True)
class Call:
    """One layer, block or merge in a chain; `braces` is what stands between its braces."""

    callee: Callee
    arguments: tuple[Argument, ...] | None
    braces: Body | None
    span: Span


@dataclass(frozen=True, slots=True)
class Choice:
    """`(chain)`, `(chain if condition)`, `(chain if condition else chain)`."""

    chain: Chain
    condition: Expr | None
    otherwise: Chain | None
    span: Span


@dataclass(frozen=True, slots=True)
class Repeat:
    """`element * count`."""

    element: Call | Choice
    count: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class From:
    """`from v` at the head of a chain."""

    reference: Reference
    span: Span


Element = Call | Choice | Repeat


@dataclass(frozen=True, slots=True)
class Chain:
    """`from v | a | b * 3`; `start` is None without `from`."""

    start: From | None
    elements: tuple[Element, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Label:
    """`name:` or `name[i][j]:`."""

    name: Name
    indices: tuple[Index, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Line:
    """`label: chain -> size`."""

    label: Label | None
    chain: Chain
    shape: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Branch:
    """`- label: chain -> size if condition else chain` inside a merge."""

    label: Label | None
    chain: Chain
    shape: Expr | None
    condition: Expr | None
    otherwise: Chain | None
    span: Span


@dataclass(frozen=True, slots=True)
class Input:
    """`input name: size`."""

    name: Name
    size: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Output:
    """`output a, b`."""

    references: tuple[Reference, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Default:
    """`default conv(pad=same)`."""

    callee: Callee
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Let:
    """`let name = value`."""

    name: Name
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Assert:
    """`assert always condition, "words"`."""

    always: bool
    condition: Expr
    words: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class For:
    """`for pattern in values { … }`; two patterns are index and element; one of several names takes an item apart."""

    patterns: tuple[tuple[Name, ...], ...]
    unpacks: bool
    values: Expr
    body: Body
    span: Span


@dataclass(frozen=True, slots=True)
class If:
    """`if a { … } else if b { … } else { … }`."""

    cases: tuple[tuple[Expr, Body], ...]
    otherwise: Body | None
    span: Span


@dataclass(frozen=True, slots=True)
class Head:
    """`head name(weight=w) from v { … }`."""

    name: Name
    arguments: tuple[Argument, ...]
    start: Reference | None
    body: Body
    span: Span


@dataclass(frozen=True, slots=True)
class Broken:
    """A statement cut out because of a syntax error."""

    span: Span


Statement = Input | Line | Branch | Assert | For | If | Head | Output | Default | Let | Broken


@dataclass(frozen=True, slots=True)
class Body:
    """`{ … }`."""

    statements: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a block or net."""

    name: Name
    default: Expr | None


@dataclass(frozen=True, slots=True)
class Block:
    """`block name(parameters) { … }`."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    span: Span


@dataclass(frozen=True, slots=True)
class NetItem:
    """`net name(parameters) { … }`."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    span: Span


@dataclass(frozen=True, slots=True)
class Import:
    """`import "path" as name`."""

    path: str
    path_span: Span
    alias: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One line of a `train` block; each value is a chain of steps, with the key written before `=`, if any."""

    name: Name
    values: tuple[tuple[Name | None, tuple[Expr, ...]], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Train:
    """`train Net { … }`."""

    nets: tuple[Name, ...]
    settings: tuple[SettingLine | Broken, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class SearchLine:
    """`optimizer.lr: log(1e-4, 1e-1)` in a `tune` block."""

    path: tuple[Name, ...]
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Tune:
    """`tune Net { … }`."""

    net: Name
    arguments: tuple[Argument, ...]
    searches: tuple[SearchLine | Broken, ...]
    span: Span


Item = Block | NetItem | Import | Let | Default | Train | Tune | Broken


@dataclass(frozen=True, slots=True)
class File:
    """A whole file."""

    items: tuple[Item, ...]
