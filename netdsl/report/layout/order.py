"""The order of the items within their rows: few crossings, otherwise that of the text."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence

from netdsl.report.layout.model import Hop, Item

SWEEPS = 12
Rows = list[list[str]]


def order(items: Mapping[str, Item], rows: Mapping[str, int], hops: Sequence[Sequence[Hop]]) -> Rows:
    """Items by row, from left to right.

    Sweeps down and up put each item at the mean of its neighbours in the row before (Sugiyama et al. 1981), then
    neighbours are exchanged while that helps; the order with the fewest crossings is kept.
    """
    best = _in_text_order(items, rows, len(hops))
    links = [_links(items, between) for between in hops]
    fewest = _crossings(best, links)
    current = best
    for sweep in range(SWEEPS):
        if not fewest:
            break
        current = _swept(current, links, down=sweep % 2 == 0)
        current = _exchanged(current, links)
        count = _crossings(current, links)
        if count < fewest:
            best, fewest = current, count
    return best


# An end of a wire: the item, and how far from the item's centre, in parts of its width.
End = tuple[str, float]


def _links(items: Mapping[str, Item], hops: Sequence[Hop]) -> list[tuple[End, End]]:
    return [
        (
            (hop.upper, _share(items[hop.upper], items[hop.upper].outs, hop.value)),
            (lower, _share(items[lower], items[lower].ins, hop.value)),
        )
        for hop in hops
        for lower in hop.lowers
    ]


def _share(item: Item, ports: Mapping[str, float], value: str) -> float:
    width = item.left + item.right
    return (ports.get(value, 0.0) + item.left) / width - 0.5 if width and value in ports else 0.0


def _in_text_order(items: Mapping[str, Item], rows: Mapping[str, int], count: int) -> Rows:
    found: Rows = [[] for _ in range(count)]
    for key in items:
        found[rows[key]].append(key)
    return found


def _swept(rows: Rows, links: list[list[tuple[End, End]]], *, down: bool) -> Rows:
    found = [list(row) for row in rows]
    steps = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
    for r in steps:
        fixed = {key: i for i, key in enumerate(found[r - 1 if down else r + 1])}
        pulls: dict[str, list[float]] = defaultdict(list)
        for upper, lower in links[r - 1 if down else r]:
            (near, _), (far, share) = (lower, upper) if down else (upper, lower)
            pulls[near].append(fixed[far] + share)
        scale = len(fixed) / max(1, len(found[r]))
        wish = {key: sum(pulls[key]) / len(pulls[key]) if key in pulls else i * scale for i, key in enumerate(found[r])}
        found[r].sort(key=wish.__getitem__)
    return found


def _exchanged(rows: Rows, links: list[list[tuple[End, End]]]) -> Rows:
    found = [list(row) for row in rows]
    for r, row in enumerate(found):
        above, below = _neighbours(found, links, r)
        improved = True
        while improved:
            improved = False
            for i in range(len(row) - 1):
                a, b = row[i], row[i + 1]
                now = _pair(above[a], above[b]) + _pair(below[a], below[b])
                swapped = _pair(above[b], above[a]) + _pair(below[b], below[a])
                if swapped < now:
                    row[i], row[i + 1] = b, a
                    improved = True
    return found


def _neighbours(
    rows: Rows, links: list[list[tuple[End, End]]], r: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    above: dict[str, list[float]] = defaultdict(list)
    below: dict[str, list[float]] = defaultdict(list)
    if r:
        place = {key: i for i, key in enumerate(rows[r - 1])}
        for (upper, share), (lower, _) in links[r - 1]:
            above[lower].append(place[upper] + share)
    if r + 1 < len(rows):
        place = {key: i for i, key in enumerate(rows[r + 1])}
        for (upper, _), (lower, share) in links[r]:
            below[upper].append(place[lower] + share)
    return above, below


def _pair(left: Sequence[float], right: Sequence[float]) -> int:
    """Crossings of the wires of two neighbours, `left` standing left."""
    return sum(1 for a in left for b in right if a > b)


def _crossings(rows: Rows, links: list[list[tuple[End, End]]]) -> int:
    total = 0
    for r in range(len(rows) - 1):
        upper_place = {key: i for i, key in enumerate(rows[r])}
        lower_place = {key: i for i, key in enumerate(rows[r + 1])}
        ends = sorted((upper_place[a] + sa, lower_place[b] + sb) for (a, sa), (b, sb) in links[r])
        total += _inversions([lower for _, lower in ends])
    return total


def _inversions(numbers: Sequence[float]) -> int:
    seen: list[float] = []
    count = 0
    for number in numbers:
        count += len(seen) - bisect_right(seen, number)
        insort(seen, number)
    return count
