"""From a line of a `train` block to a checked value: numbers, words, and the calls that name a method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, replace
from itertools import pairwise
from math import isfinite
from typing import Any, TypeVar

from netdsl.errors import NetError, escape, fail
from netdsl.graph.net import Setting
from netdsl.language.suggest import nearest_name
from netdsl.layers.values import Applied, Word, format_value, kind_of
from netdsl.training.optimise.method import Method

MOST = 2**31 - 1
Named = TypeVar("Named", bound=Method)


def unknown(line: Setting, what: str, name: str, known: Iterable[str]) -> NetError:
    """N506: no such setting, method or argument, with the nearest one, or all of them."""
    known = sorted(known)
    near = nearest_name(name, known)
    words = ", ".join(f"`{word}`" for word in known)
    advice = f"did you mean `{near}`?" if near else f"there are {words}" if words else "it takes none"
    return fail("N506", f"there is no {what} `{escape(name)}`", span=line.span, help=advice)


def refused(line: Setting, expected: str, value: object, name: str = "") -> NetError:
    """N507: a value of another kind."""
    words = f"`{name or line.name}` is {expected}, not {kind_of(value)}: `{escape(format_value(value))}`"
    return fail("N507", words, span=line.span)


def outside(line: Setting, limit: str, value: object, name: str = "") -> NetError:
    """N507: a value out of range."""
    words = f"`{name or line.name}` is {escape(format_value(value))}; it must be {limit}"
    return fail("N507", words, span=line.span)


def only(line: Setting) -> object:
    """The one step of a value that is no chain."""
    if len(line.steps) != 1:
        raise fail("N507", f"`{line.name}` is one value, not a chain of {len(line.steps)}", span=line.span)
    return line.steps[0]


def number_in(
    line: Setting,
    value: object,
    name: str = "",
    *,
    low: float = 0.0,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """A finite number within its limits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(line, "a number", value, name)
    fits = value > above if above is not None else value >= low
    if not (fits and isfinite(value) and (below is None or value < below)):
        limit = f"more than {above:g}" if above is not None else f"at least {low:g}"
        limit += " and finite" if below is None else f" and less than {below:g}"
        raise outside(line, limit, value, name)
    return float(value)


def count_in(line: Setting, value: object, name: str = "", *, low: int = 0, high: int = MOST) -> int:
    """An integer within its limits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise refused(line, "an integer", value, name)
    if not low <= value <= high:
        raise outside(line, f"from {low} to {high}", value, name)
    return value


def method_of(line: Setting, what: str, known: Mapping[str, type[Named]]) -> Named:
    """What a call such as `sgd(lr=0.01)` names, with its arguments, each checked."""
    value = only(line)
    call = Applied(str(value)) if isinstance(value, Word) else value
    if not isinstance(call, Applied):
        article = "an" if what[0] in "aeiou" else "a"
        raise refused(line, f"the name of {article} {what}, with or without arguments", value)
    if call.name not in known:
        raise unknown(line, what, call.name, known)
    kind = known[call.name]
    names = [item.name for item in kind.declared() if not item.kw_only]
    if len(call.arguments) > len(names):
        words = f"`{call.name}` takes {_counted(len(names))} without a name, not {len(call.arguments)}"
        raise fail("N507", words, span=line.span)
    given = dict(zip(names, call.arguments, strict=False))
    if twice := [name for name in call.keywords if name in given]:
        raise fail("N507", f"`{call.name}` has `{twice[0]}` twice", span=line.span)
    values = _arguments(kind, line, given | dict(call.keywords))
    missing = [f.name for f in kind.declared() if f.default is MISSING and f.name not in values]
    if missing:
        raise fail("N507", f"`{call.name}` needs `{missing[0]}`", span=line.span)
    return kind(**values)


def changed(method: Named, line: Setting, given: Mapping[str, object]) -> Named:
    """The method with some arguments changed, each checked."""
    return replace(method, **_arguments(type(method), line, given))


def _arguments(kind: type[Method], line: Setting, given: Mapping[str, object]) -> dict[str, Any]:
    declared = {item.name: item for item in kind.declared()}
    values = {}
    for name, value in given.items():
        if name not in declared:
            raise unknown(line, f"argument of `{kind.word}` called", name, declared)
        limits = {key: item for key, item in declared[name].metadata.items() if key not in ("kind", "words")}
        read = _ARGUMENTS[declared[name].metadata["kind"]]
        values[name] = read(line, value, f"{kind.word}.{name}", **limits)
    return values


def _flag(line: Setting, value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise refused(line, "`true` or `false`", value, name)
    return value


def _numbers(line: Setting, value: object, name: str) -> tuple[float, ...]:
    items = list(value) if isinstance(value, list | tuple) else [value]
    found = tuple(number_in(line, item, name, above=0.0) for item in items)
    if not found or any(a >= b for a, b in pairwise(found)):
        raise outside(line, "a list of numbers that rise", items, name)
    return found


def _score(line: Setting, value: object, name: str) -> str:
    if not isinstance(value, Word):
        raise refused(line, "the name of a score, such as `val_loss`", value, name)
    return value


def _counted(count: int) -> str:
    return "1 argument" if count == 1 else f"{count or 'no'} arguments"


_ARGUMENTS: dict[str, Any] = {
    "number": number_in,
    "count": count_in,
    "numbers": _numbers,
    "flag": _flag,
    "score": _score,
}
