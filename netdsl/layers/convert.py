"""Values of arguments, by the kind that `arg` declares: converted, and held to their limits."""

from __future__ import annotations

from dataclasses import Field
from math import isfinite
from typing import Any

from netdsl.errors import Fault
from netdsl.layers.values import Applied, Word, format_value, kind_of
from netdsl.shapes import MAX_SIZE
from netdsl.symbolic.size import Symbolic


def convert(keyword: str, item: Field[Any], value: object) -> object:
    """The value of an argument as a layer holds it; `Fault` N207 or N208 where it is none."""
    kind, name = item.metadata["kind"], item.name
    if value == item.default and type(value) is type(item.default):
        return value
    converted = _CONVERTERS[kind](value, item)
    if converted is None:
        expected = _EXPECTED[kind].format(choices=", ".join(f"`{c}`" for c in item.metadata["choices"]))
        raise Fault(
            "N207", f"`{name}` of `{keyword}` is {expected}, not {kind_of(value)}: `{format_value(value)}`", name
        )
    for number in _numbers(converted):
        _check_limits(keyword, item, number)
    return converted


def _check_limits(keyword: str, item: Field[Any], number: float) -> None:
    low, high = item.metadata["low"], item.metadata["high"]
    if isinstance(number, float) and not isfinite(number):
        raise Fault("N208", f"`{item.name}` of `{keyword}` is not finite: {number}", item.name)
    if low is not None and number < low:
        least = f"{low:g}"
        message = f"`{item.name}` of `{keyword}` is {number}; the least is {least}"
        raise Fault("N208", message, item.name, changes=({item.name: least},))
    if isinstance(number, Symbolic):
        return
    limit = high if high is not None else (MAX_SIZE if isinstance(number, int) else None)
    if limit is not None and number > limit:
        most = str(limit) if isinstance(limit, int) else f"{limit:g}"
        raise Fault("N208", f"`{item.name}` of `{keyword}` is {number}; the most is {most}", item.name)


def _numbers(value: object) -> list[float]:
    if isinstance(value, bool | str):
        return []
    if isinstance(value, int | float | Symbolic):
        return [value]
    if isinstance(value, tuple | list):
        return [n for part in value for n in _numbers(part)]
    return []


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Symbolic):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _to_count(value: object, item: Field[Any]) -> object:
    return _whole(value)


def _to_number(value: object, item: Field[Any]) -> object:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def _to_flag(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, bool) else None


def _to_window(value: object, item: Field[Any]) -> object:
    if isinstance(value, tuple):
        whole = tuple(_whole(v) for v in value)
        return None if None in whole or not whole else whole
    return _whole(value)


def _to_pad(value: object, item: Field[Any]) -> object:
    if isinstance(value, Word):
        return value if value in ("valid", "same", "causal") else None
    return _to_window(value, item)


def _to_word(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, Word) and value in item.metadata["choices"] else None


def _to_activation(value: object, item: Field[Any]) -> object:
    from netdsl.layers.activation import resolve

    if isinstance(value, Word | Applied):
        resolve(value, item.name)
        return value
    return None


def _to_init(value: object, item: Field[Any]) -> object:
    from netdsl.layers.initialiser import resolve

    if isinstance(value, Word | Applied):
        resolve(value, item.name)
        return value
    return None


def _to_constraint(value: object, item: Field[Any]) -> object:
    from netdsl.layers.constraint import resolve

    if isinstance(value, Word | Applied):
        resolve(value, item.name)
        return value
    return None


def _to_table(value: object, item: Field[Any]) -> object:
    from netdsl.layers import table

    return table.convert(value)


def _to_axes(value: object, item: Field[Any]) -> object:
    if not isinstance(value, tuple):
        return None
    whole = tuple(_whole(v) for v in value)
    return None if None in whole else whole


def _to_value(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, Word) else None


def _to_name(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, Word | Applied) else None


def _to_list(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, list) else None


_CONVERTERS = {
    "count": _to_count,
    "number": _to_number,
    "flag": _to_flag,
    "window": _to_window,
    "pad": _to_pad,
    "word": _to_word,
    "activation": _to_activation,
    "init": _to_init,
    "table": _to_table,
    "constraint": _to_constraint,
    "shape": _to_window,
    "axes": _to_axes,
    "value": _to_value,
    "name": _to_name,
    "list": _to_list,
}
_EXPECTED = {
    "count": "an integer",
    "number": "a number",
    "flag": "`true` or `false`",
    "window": "an integer or a size such as `3x3`",
    "pad": "`valid`, `same`, `causal`, an integer or a tuple of integers",
    "word": "one of {choices}",
    "activation": "the name of an activation",
    "init": "the name of an initialiser",
    "constraint": "`max_norm(v)`, `unit_norm` or `non_neg`",
    "table": "the name of a connection table, or a list with a list of channels for each filter",
    "shape": "a size such as `7x7x64`",
    "axes": "a tuple of axes such as `(1, 0, 2)`",
    "value": "the name of a value of the net",
    "name": "a name",
    "list": "a list",
}
