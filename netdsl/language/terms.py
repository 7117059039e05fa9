"""The syntax tree of expressions and arguments, each part with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.errors import Span


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a string."""

    value: int | float | str
    span: Span


@dataclass(frozen=True, slots=True)
class Dims:
    """A size: `3x3`, `{n}x4`; a single brace is an integer."""

    parts: tuple[int | Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """`.name` behind a reference."""

    name: Name


@dataclass(frozen=True, slots=True)
class Index:
    """`[expr]` behind a reference."""

    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Reference:
    """A name, with members and indices: `stage[2].conv_3`, `_.c`, `depths[0]`."""

    name: Name
    suffixes: tuple[Member | Index, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Invoke:
    """A call as a value: `len(depths)`, `normal(0.01)`."""

    name: Name
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list `[a, b]`, or a tuple `(a, b)`."""

    items: tuple[Expr, ...]
    is_tuple: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`a + b - c` or `a * b // c`, from the left."""

    first: Expr
    rest: tuple[tuple[str, Expr], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Power:
    """`-a ** -b ** c`, from the right; each operand comes with the number of minus signs before it."""

    operands: tuple[tuple[int, Expr], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """`a < b <= c`: every neighbouring pair holds."""

    first: Expr
    rest: tuple[tuple[str, Expr], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Logic:
    """`a and b and c`, or `a or b or c`."""

    word: str
    parts: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """`not a`; `count` is the number of times the word stands there."""

    count: int
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Cond:
    """`a if c else b if d else e`: (value, condition) pairs and what is left."""

    cases: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr
    span: Span


Expr = Literal | Dims | Reference | Invoke | Sequence | Arithmetic | Power | Compare | Logic | Not | Cond


@dataclass(frozen=True, slots=True)
class Argument:
    """`value` or `name=value` in a call."""

    name: Name | None
    value: Expr
    span: Span
