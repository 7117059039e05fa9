"""Horizontal positions.

Lanes and chains are first joined into straight columns. The columns are then placed where Σ w·(x_upper - x_lower)²
over all hops is least while neighbours keep their distance: positions are pulled towards their neighbours and
projected back onto the distances (Hildreth 1957), in turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from netdsl.report.layout.columns import Columns
from netdsl.report.layout.model import Hop, Item

GAP = 22.0
LANE_GAP = 8.0
TURNS = 120
PROJECTIONS = 24
STILL = 0.05


@dataclass
class _Distance:
    """Column `b` stands at least `gap` right of column `a`; `pressure` is the multiplier of the constraint."""

    a: int
    b: int
    gap: float
    pressure: float = field(default=0.0)


def place(items: Mapping[str, Item], rows: Sequence[Sequence[str]], hops: Sequence[Sequence[Hop]]) -> dict[str, float]:
    """The x of each item's origin; neighbours in a row keep `GAP` between them, lanes `LANE_GAP`."""
    columns = Columns(rows)
    for upper, lower, shift in _straight(items, rows, hops):
        columns.join(upper, lower, shift)
    distances = _distances(items, rows, columns)
    springs = [
        (columns.of[hop.upper], columns.of[lower], _reach(items, columns, hop, lower), 1.0)
        for between in hops
        for hop in between
        for lower in hop.lowers
        if columns.of[hop.upper] != columns.of[lower]
    ]
    xs = _settle(columns.order(), distances, springs)
    return {key: float(xs[columns.of[key]] + columns.shift[key]) for row in rows for key in row}


def _reach(items: Mapping[str, Item], columns: Columns, hop: Hop, lower: str) -> float:
    """How far right of the upper column's x the lower column's x is wanted."""
    up = columns.shift[hop.upper] + items[hop.upper].outs.get(hop.value, 0.0)
    down = columns.shift[lower] + items[lower].ins.get(hop.value, 0.0)
    return up - down


def _straight(
    items: Mapping[str, Item], rows: Sequence[Sequence[str]], hops: Sequence[Sequence[Hop]]
) -> list[tuple[str, str, float]]:
    """Pairs (upper, lower, x of the lower less that of the upper) to be joined, the most wanted first."""
    rest = _rest(rows, hops)
    uppers: dict[str, list[str]] = defaultdict(list)
    lowers: dict[str, list[str]] = defaultdict(list)
    for between in hops:
        for hop in between:
            lowers[hop.upper] += hop.lowers
            for lower in hop.lowers:
                uppers[lower].append(hop.upper)
    graded = []
    for between in hops:
        for hop in between:
            for lower in hop.lowers:
                grade = _grade(items, hop.upper, lower, uppers[lower], lowers[hop.upper], rest)
                shift = items[hop.upper].outs.get(hop.value, 0.0) - items[lower].ins.get(hop.value, 0.0)
                graded.append((grade, hop.upper, lower, shift))
    graded.sort(key=lambda entry: entry[0])
    return [(upper, lower, shift) for grade, upper, lower, shift in graded if grade < UNWANTED]


UNWANTED = 4


def _grade(
    items: Mapping[str, Item], upper: str, lower: str, above: list[str], below: list[str], rest: Mapping[str, int]
) -> int:
    """0 within a lane, 1 in a chain, 2 and 3 where one of several wires is the main one, `UNWANTED` otherwise."""
    if items[upper].kind == items[lower].kind == "lane":
        return 0
    main_above = len(above) == 1 or _main(items, above, dict.fromkeys(above, 0)) == upper
    main_below = len(below) == 1 or _main(items, below, rest) == lower
    if not (main_above and main_below):
        return UNWANTED
    return 1 + (len(above) > 1) + (len(below) > 1)


def _main(items: Mapping[str, Item], keys: list[str], rest: Mapping[str, int]) -> str | None:
    """The one that goes on straight, if any: much the longest way to the end, else the only one that is no lane."""
    by_rest = sorted(keys, key=lambda key: -rest[key])
    if rest[by_rest[0]] > 2 * rest[by_rest[1]] + 1:
        return by_rest[0]
    solid = [key for key in keys if items[key].kind != "lane"]
    if len(solid) == 1:
        return solid[0]
    return None


def _rest(rows: Sequence[Sequence[str]], hops: Sequence[Sequence[Hop]]) -> dict[str, int]:
    """Rows that still follow below each item, along the longest way."""
    rest = {key: 0 for row in rows for key in row}
    for between in reversed(hops):
        for hop in between:
            rest[hop.upper] = max(rest[hop.upper], *(rest[lower] + 1 for lower in hop.lowers))
    return rest


def _distances(items: Mapping[str, Item], rows: Sequence[Sequence[str]], columns: Columns) -> list[_Distance]:
    widest: dict[tuple[int, int], float] = {}
    for row in rows:
        for left, right in pairwise(row):
            lanes = "lane" in (items[left].kind, items[right].kind)
            gap = items[left].right + (LANE_GAP if lanes else GAP) + items[right].left
            gap += columns.shift[left] - columns.shift[right]
            pair = (columns.of[left], columns.of[right])
            widest[pair] = max(widest.get(pair, gap), gap)
    rank = {column: i for i, column in enumerate(columns.order())}
    return [
        _Distance(a, b, gap) for (a, b), gap in sorted(widest.items(), key=lambda e: (rank[e[0][0]], rank[e[0][1]]))
    ]


def _settle(
    order: list[int], distances: list[_Distance], springs: list[tuple[int, int, float, float]]
) -> dict[int, float]:
    xs = dict.fromkeys(order, 0.0)
    _push(xs, distances)
    pulls: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    for a, b, reach, weight in springs:
        pulls[b].append((a, reach, weight))
        pulls[a].append((b, -reach, weight))
    for _ in range(TURNS if pulls else 0):
        before = dict(xs)
        for column in order:
            if pulls[column]:
                mass = sum(weight for _, _, weight in pulls[column])
                wish = sum(weight * (xs[other] + reach) for other, reach, weight in pulls[column]) / mass
                xs[column] += 0.8 * (wish - xs[column])
        _project(xs, distances)
        if max(abs(xs[column] - before[column]) for column in order) < STILL:
            break
    xs = {column: round(x) for column, x in xs.items()}
    _push(xs, distances)
    return xs


def _project(xs: dict[int, float], distances: list[_Distance]) -> None:
    """The nearest positions that keep all distances."""
    for distance in distances:
        distance.pressure = 0.0
    for _ in range(PROJECTIONS):
        worst = 0.0
        for d in distances:
            change = max(-d.pressure, (d.gap - (xs[d.b] - xs[d.a])) / 2)
            d.pressure += change
            xs[d.a] -= change
            xs[d.b] += change
            worst = max(worst, abs(change))
        if worst < STILL:
            return


def _push(xs: dict[int, float], distances: list[_Distance]) -> None:
    """Move columns right until all distances hold; `distances` are in the order of the columns from the left."""
    for d in distances:
        xs[d.b] = max(xs[d.b], xs[d.a] + d.gap)
