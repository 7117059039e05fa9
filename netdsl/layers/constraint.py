"""Constraints: what `constraint=` and `bias_constraint=` keep a tensor to, after every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.values import Applied, Word
from netdsl.ops.expression import max_, operands, unary

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value

LEAST_NORM = 1e-7


@dataclass(frozen=True)
class Constraint:
    """What is done to a tensor; `numbers` name its required arguments."""

    text: str
    source: str
    numbers: tuple[str, ...] = ()


CONSTRAINTS = {
    "max_norm": Constraint("w·min(1, v/‖w‖)", "Srebro and Shraibman 2005", ("v",)),
    "unit_norm": Constraint("w/max(‖w‖, 1e-7)", "Salimans and Kingma 2016"),
    "non_neg": Constraint("max(w, 0)", "Lee and Seung 1999"),
}
"""The norm is taken over all axes but the last, that of the outputs; of a vector over all its numbers."""


def resolve(value: object, argument: str = "constraint") -> tuple[str, tuple[float, ...]]:
    """The name and the numbers of a constraint given as `non_neg` or `max_norm(2)`; raises `Fault` N239."""
    if isinstance(value, Word):
        value = Applied(str(value))
    if not isinstance(value, Applied) or value.name not in CONSTRAINTS:
        from difflib import get_close_matches

        name = value.name if isinstance(value, Applied) else str(value)
        near = tuple({argument: found} for found in get_close_matches(name, ["non_neg", "unit_norm"], n=1))
        raise Fault("N239", f"there is no constraint `{name}`", argument, changes=near)
    names = CONSTRAINTS[value.name].numbers
    given = {**dict(zip(names, value.arguments, strict=False)), **value.keywords}
    if set(given) != set(names) or len(value.arguments) > len(names):
        takes = f"`{value.name}({', '.join(names)})`" if names else f"`{value.name}` alone"
        raise Fault("N239", f"write {takes}, not `{value!r}`", argument)
    for name, number in given.items():
        if isinstance(number, bool) or not isinstance(number, int | float) or not number > 0:
            raise Fault("N239", f"`{name}` of `{value.name}` is a number above 0", argument)
    return value.name, tuple(float(given[name]) for name in names)  # type: ignore[arg-type]


def constrained(build: Build, value: object, w: Value) -> Value:
    """Emit the constraint of a tensor; None keeps it as it is."""
    if value is None:
        return w
    name, numbers = resolve(value)
    x0, x1 = operands(2)
    if name == "non_neg":
        return build.map(max_(x0, 0.0), w)
    axes = tuple(range(max(len(w.shape) - 1, 1)))
    total = build.add("reduce", build.map(x0 * x0, w), axes=axes, keep=False)
    norm = unary("sqrt", x0)
    factor = numbers[0] / max_(norm, numbers[0]) if name == "max_norm" else 1.0 / max_(norm, LEAST_NORM)
    return build.map(x0 * x1, w, build.map(factor, total))
