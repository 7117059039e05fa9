"""Python's operators on the language's values, in checked 64-bit integers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import ceil, floor, isfinite
from typing import Any

from netdsl.errors import Fault
from netdsl.layers.values import Size, format_value, kind_of
from netdsl.symbolic.decide import same
from netdsl.symbolic.size import Symbolic, is_symbolic

MAX_INTEGER = 2**63 - 1
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MAX_LENGTH = 100_000


def is_number(value: object) -> bool:
    """Whether a value counts as a number; booleans do not, sizes that depend on a symbol do."""
    return isinstance(value, int | float | Symbolic) and not isinstance(value, bool)


def checked_number(value: object, what: str) -> int | float:
    """A result that fits in 64 bits; `Fault` N306 for a larger one, N321 for one that is not finite."""
    assert isinstance(value, int | float | Symbolic)
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, int):
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            raise Fault("N306", f"{what} does not fit in 64 bits")
    elif not isfinite(value):
        raise Fault("N321", f"{what} is not a finite number")
    return value


def operate(symbol: str, a: object, b: object) -> object:
    """`a symbol b` for + - * / // % **; `Fault` N306, N320 (kinds), N321 (not finite), N322 (division by zero)."""
    if isinstance(a, list) and symbol in "+*":
        return _on_list(symbol, a, b)
    if not is_number(a) or not is_number(b):
        wrong = a if not is_number(a) else b
        raise Fault("N320", f"`{symbol}` takes numbers, not {kind_of(wrong)}: `{format_value(wrong)}`")
    assert isinstance(a, int | float | Symbolic) and isinstance(b, int | float | Symbolic)
    what = f"`{format_value(a)} {symbol} {format_value(b)}`"
    if symbol in ("/", "//", "%") and not b:
        raise Fault("N322", f"division by zero: {what}")
    if isinstance(a, float | Symbolic) and isinstance(b, float | Symbolic) and type(a) is not type(b):
        raise Fault("N320", f"{what} mixes a decimal number with a size that depends on a symbol")
    try:
        return checked_number(power(a, b, what) if symbol == "**" else _NUMBERS[symbol](a, b), what)
    except OverflowError:
        raise Fault("N321", f"{what} is not a finite number") from None


def power(a: int | float, b: int | float, what: str) -> int | float:
    """A to the b; an integer for integers unless b is negative; refused before it is computed when it cannot fit."""
    if is_symbolic(a) or is_symbolic(b):
        return a**b
    if a == 0 and b < 0:
        raise Fault("N322", f"division by zero: {what}")
    if isinstance(a, int) and isinstance(b, int) and b > 64 and abs(a) > 1:
        raise Fault("N306", f"{what} does not fit in 64 bits")
    result = a**b
    if isinstance(result, complex):
        raise Fault("N321", f"{what} is not a real number")
    assert isinstance(result, int | float)
    return result


_NUMBERS: dict[str, Callable[[int | float, int | float], int | float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def _on_list(symbol: str, a: list[object], b: object) -> list[object]:
    if symbol == "+" and isinstance(b, list):
        result_length = len(a) + len(b)
    elif symbol == "*" and isinstance(b, int) and not isinstance(b, bool):
        result_length = len(a) * max(b, 0)
    else:
        other = "a list" if symbol == "+" else "an integer"
        raise Fault("N320", f"a list `{symbol}` {kind_of(b)}: {other} is needed")
    if result_length > MAX_LENGTH:
        raise Fault("N321", f"a list of {result_length} elements; the most is {MAX_LENGTH}")
    return a + b if isinstance(b, list) else a * b


def relate(symbol: str, a: object, b: object) -> bool:
    """`a symbol b` for the comparisons; order is for numbers, `Fault` N320 otherwise."""
    if symbol in ("==", "!="):
        equal = same(a, b) and isinstance(a, bool) == isinstance(b, bool)
        return equal == (symbol == "==")
    if not is_number(a) or not is_number(b):
        wrong = a if not is_number(a) else b
        raise Fault("N320", f"`{symbol}` compares numbers, not {kind_of(wrong)}: `{format_value(wrong)}`")
    assert isinstance(a, int | float | Symbolic) and isinstance(b, int | float | Symbolic)
    return COMPARISONS[symbol](a, b)


def _numbers(values: list[object], name: str) -> list[int | float]:
    if len(values) == 1 and isinstance(values[0], list | tuple):
        values = list(values[0])
    if not values and name != "sum":
        raise Fault("N320", f"`{name}` of nothing")
    for value in values:
        if not is_number(value):
            raise Fault("N320", f"`{name}` takes numbers, not {kind_of(value)}: `{format_value(value)}`")
    return values  # type: ignore[return-value]


def _one(values: list[object], name: str) -> int | float:
    if len(values) != 1:
        raise Fault("N320", f"`{name}` takes one number")
    return _numbers(values, name)[0]


def _round(values: list[object]) -> int | float:
    if len(values) == 2 and isinstance(values[1], int) and abs(values[1]) <= 30:
        return round(_numbers(values[:1], "round")[0], values[1])
    return round(_one(values, "round"))


def _len(values: list[object]) -> int:
    if len(values) != 1 or not isinstance(values[0], list | tuple | Size):
        raise Fault("N320", "`len` takes one list, tuple or size")
    return len(values[0])


FUNCTIONS: dict[str, Callable[[list[object]], int | float]] = {
    "min": lambda v: min(_numbers(v, "min")),
    "max": lambda v: max(_numbers(v, "max")),
    "abs": lambda v: abs(_one(v, "abs")),
    "round": _round,
    "floor": lambda v: floor(_one(v, "floor")),
    "ceil": lambda v: ceil(_one(v, "ceil")),
    "sum": lambda v: sum(_numbers(v, "sum")),
    "len": _len,
}
