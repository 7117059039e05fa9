"""Values that a `.net` expression can have besides numbers, booleans, strings, lists and tuples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netdsl.symbolic.size import Symbolic


class Size(tuple[int, ...]):
    """A size such as `5x5` or `224x224x3`; prints as written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "x".join(str(n) for n in self)


class Word(str):
    """A bare word of an argument: `same`, `relu`, `he_normal`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Applied:
    """A call as a value: `normal(0.01)`, `leaky_relu(slope=0.1)`, `sgd(lr=0.01)`."""

    name: str
    arguments: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        given = [format_value(v) for v in self.arguments]
        given += [f"{k}={format_value(v)}" for k, v in self.keywords.items()]
        return f"{self.name}({', '.join(given)})"


Value = bool | int | float | str | Size | Word | Applied | list["Value"] | tuple["Value", ...]


def format_value(value: object) -> str:
    """A value in the language's own syntax."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Size | Word | Applied):
        return repr(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(format_value(v) for v in value) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(format_value(v) for v in value) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def kind_of(value: object) -> str:
    """What a reader would call the value: `an integer`, `a size`, `a word`."""
    names: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a decimal number"),
        (Symbolic, "a size that depends on a symbol"),
        (Size, "a size"),
        (Word, "a word"),
        (Applied, "a call"),
        (str, "a string"),
        (list, "a list"),
        (tuple, "a tuple"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "a value")
