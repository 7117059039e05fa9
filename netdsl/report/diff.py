"""The difference of two nets as a table: what is equal in a few words, what is not with the numbers of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from netdsl.errors import escape
from netdsl.graph.cost import Cost
from netdsl.graph.diff import Difference, Pair, Part
from netdsl.layers.base import arguments, written
from netdsl.layers.values import format_value
from netdsl.report.label import words
from netdsl.shapes import format_shape

TITLES = ["", "name", "what", "output", "params", "macs"]
NUMERIC = [False, False, False, False, True, True]
ARROW = " → "


@dataclass(frozen=True)
class Row:
    """One line: `=` equal, `~` changed, `-` in the first net alone, `+` in the second alone."""

    mark: str
    depth: int
    name: str
    what: str
    output: str
    params: str
    macs: str

    def cells(self) -> list[str]:
        """The line as the columns of `TITLES`."""
        return [self.mark, "  " * self.depth + self.name, self.what, self.output, self.params, self.macs]


def rows(pairs: Sequence[Pair], depth: int = 0) -> Iterator[Row]:
    """The rows of one level and of what changed within; neighbours that are equal, or differ alike, share a row."""
    for key, run in groupby(pairs, key=_run):
        members = list(run)
        if key[0] in ("=", "+", "-"):
            yield _together(str(key[0]), members, depth)
            continue
        yield _changed(members, depth)
        yield from rows(members[0].inner, depth + 1)


def totals(difference: Difference) -> list[list[str]]:
    """Quantity, both numbers, and the second as a multiple of the first."""
    found = []
    for name in ("params", "state", "macs"):
        one, other = getattr(difference.one, name), getattr(difference.other, name)
        ratio = f"x{other / one:.4g}" if one and one != other else ""
        found.append([name, f"{one:,}", f"{other:,}", f"{other - one:+,}" if one != other else "equal", ratio])
    return found


def as_json(difference: Difference) -> dict[str, object]:
    """The difference as plain values."""
    nets = (difference.one, difference.other)
    return {
        "nets": [{"name": n.name, "parameters": dict(n.parameters), **_counts(n.cost)} for n in nets],
        "equal": difference.equal,
        "parts": [_as_json(pair) for pair in difference.pairs],
    }


def _as_json(pair: Pair) -> dict[str, object]:
    sides = {side: part and _side(part) for side, part in (("one", pair.one), ("other", pair.other))}
    return {"equal": pair.equal, **sides, "parts": [_as_json(inner) for inner in pair.inner if not pair.equal]}


def _side(part: Part) -> dict[str, object]:
    what = part.node.layer.text() if part.node else part.kind
    return {"path": part.path, "what": what, "shape": list(part.shape), **_counts(part.cost)}


def _counts(cost: Cost) -> dict[str, int]:
    return {"params": cost.params, "state": cost.state, "macs": cost.macs}


def mark(pair: Pair) -> str:
    """The sign of a row."""
    return "=" if pair.equal else "+" if pair.one is None else "-" if pair.other is None else "~"


def _run(pair: Pair) -> tuple[object, ...]:
    sign = mark(pair)
    if sign == "~":
        assert pair.one is not None
        return sign, pair.one.holds, pair.part.holds, pair.one.node and pair.one.path
    return (sign, pair.part.holds) if sign in "+-" else (sign,)


def _together(sign: str, pairs: Sequence[Pair], depth: int) -> Row:
    """One row for neighbours that are all equal, or all the same and without a partner."""
    first, last = pairs[0].part, pairs[-1].part
    alike = len({pair.part.holds for pair in pairs}) == 1
    what = part_words(first) if alike else f"{len(pairs)} parts"
    if alike and len(pairs) > 1:
        what = f"{len(pairs)} x {what}"
    params = sum(pair.part.cost.params for pair in pairs)
    macs = sum(pair.part.cost.macs for pair in pairs)
    plus = "" if sign == "=" else sign
    return Row(
        sign,
        depth,
        escape(_names([pair.part for pair in pairs])),
        escape(what),
        format_shape(last.shape),
        f"{plus}{params:,}" if params else "",
        f"{plus}{macs:,}" if macs else "",
    )


def _changed(pairs: Sequence[Pair], depth: int) -> Row:
    """One row for neighbours that change alike, with both numbers."""
    ones = [pair.one for pair in pairs if pair.one]
    others = [pair.other for pair in pairs if pair.other]
    one, other = ones[0], others[0]
    what = ", ".join((_both(part_words(one), part_words(other)), *_hidden(one, other)))
    if len(pairs) > 1:
        what = f"{len(pairs)} x {what}"
    return Row(
        "~",
        depth,
        escape(_both(_names(ones), _names(others))),
        escape(what),
        _both(format_shape(one.shape), format_shape(other.shape)),
        _counted(sum(part.cost.params for part in ones), sum(part.cost.params for part in others)),
        _counted(sum(part.cost.macs for part in ones), sum(part.cost.macs for part in others)),
    )


def _hidden(one: Part, other: Part) -> Iterator[str]:
    """What words do not tell of two nodes: arguments that they leave out, and wires."""
    a, b = one.node, other.node
    if a is None or b is None or part_words(one) != part_words(other):
        return
    if one.holds == other.holds:
        yield f"reads {_both(', '.join(a.inputs), ', '.join(b.inputs))}"
    for item in arguments(type(a.layer)) if type(a.layer) is type(b.layer) else ():
        values = [format_value(written(getattr(layer, item.name), item)) for layer in (a.layer, b.layer)]
        if values[0] != values[1]:
            yield f"{item.name} {_both(*values)}"


def _names(parts: Sequence[Part]) -> str:
    return parts[0].name if len(parts) == 1 else f"{parts[0].name} … {parts[-1].name}"


def _counted(one: int, other: int) -> str:
    return _both(f"{one:,}", f"{other:,}") if one or other else ""


def part_words(part: Part) -> str:
    """A layer in a few words; a scope by its kind."""
    return words(part.node.layer, rank=len(part.node.shape) - 1) if part.node else part.kind


def _both(one: str, other: str) -> str:
    return one if one == other else f"{one}{ARROW}{other}"
