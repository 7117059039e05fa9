"""Wires in the channel between two rows.

Each value has one horizontal track in a channel: down from its item, along the track, down to its readers. Tracks
are ordered so that few wires cross and no two run on top of each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netdsl.report.layout.model import Hop, Item

TRACK = 9.0
LABEL = 17.0
STUB = 8.0
ARROW = 13.0
PLAIN = 14.0
NEAR = 6.0
PORT = 13.0
SNAP = 10.0
OVERLAP = 1000


@dataclass(frozen=True)
class Run:
    """A value in a channel: x where it leaves the item above, and x by item where it enters the row below."""

    value: str
    upper: str
    top: float
    bottoms: Mapping[str, float]

    @property
    def straight(self) -> bool:
        return all(x == self.top for x in self.bottoms.values())

    @property
    def span(self) -> tuple[float, float]:
        xs = (self.top, *self.bottoms.values())
        return min(xs), max(xs)


def runs(items: Mapping[str, Item], xs: Mapping[str, float], hops: Sequence[Hop]) -> tuple[Run, ...]:
    """The ends of every value in one channel."""
    tops = {hop.value: xs[hop.upper] + items[hop.upper].outs.get(hop.value, 0.0) for hop in hops}
    entering: dict[str, list[str]] = defaultdict(list)
    for hop in hops:
        for lower in hop.lowers:
            entering[lower].append(hop.value)
    bottoms: dict[str, dict[str, float]] = {hop.value: {} for hop in hops}
    for lower, values in entering.items():
        item, x = items[lower], xs[lower]
        if item.kind == "box":
            places = _box_ports(item, x, {v: tops[v] for v in values}, tops)
        else:
            places = {v: x + item.ins.get(v, 0.0) for v in values}
        for value, place in places.items():
            bottoms[value][lower] = place
    return tuple(Run(hop.value, hop.upper, tops[hop.value], bottoms[hop.value]) for hop in hops)


def _box_ports(item: Item, x: float, wanted: Mapping[str, float], tops: Mapping[str, float]) -> dict[str, float]:
    """Where values enter a box: straight from above where they can, `PORT` apart, none below a stranger's start."""
    low, high = x - item.left + PORT, x + item.left - PORT  # `right` has room for the shape as well
    if len(wanted) == 1:
        ((value, top),) = wanted.items()
        if abs(top - x) <= SNAP and low <= top <= high:
            return {value: top}
        strangers = [t for v, t in tops.items() if v != value]
        return {value: next((p for p in (x, x - SNAP, x + SNAP) if all(abs(p - t) > NEAR for t in strangers)), x)}
    values = sorted(wanted, key=lambda v: wanted[v])
    step = min(PORT, (high - low) / (len(values) - 1)) if high > low else 0.0
    places = [min(max(wanted[v], low), high) for v in values]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + step)
    places[-1] = min(places[-1], high)
    for i in range(len(places) - 2, -1, -1):
        places[i] = min(places[i], places[i + 1] - step)
    return dict(zip(values, places, strict=True))


def tracks(channel: Sequence[Run]) -> dict[str, int]:
    """The track of each value that bends, 0 uppermost."""
    bent = [run for run in channel if not run.straight]
    above = {(a.value, b.value): _cost(a, b) for a in bent for b in bent if a is not b}
    order = sorted(bent, key=lambda run: run.span)
    for _ in range(len(order)):
        changed = False
        for i in range(len(order) - 1):
            a, b = order[i], order[i + 1]
            if above[b.value, a.value] < above[a.value, b.value]:
                order[i], order[i + 1] = b, a
                changed = True
        if not changed:
            break
    found: dict[str, int] = {}
    for i, run in enumerate(order):
        blocking = [found[other.value] + 1 for other in order[:i] if _meet(other, run)]
        found[run.value] = max(blocking, default=0)
    return found


def height(used: Mapping[str, int], *, labels: bool) -> float:
    """The height of a channel with these tracks, with or without shapes written beside the wires."""
    count = max(used.values(), default=-1) + 1
    if not count:
        return (LABEL if labels else 0.0) + PLAIN
    return (LABEL if labels else STUB) + (count - 1) * TRACK + ARROW


def track_y(track: int, *, labels: bool) -> float:
    """The y of a track below the upper row."""
    return (LABEL if labels else STUB) + track * TRACK


def _meet(a: Run, b: Run) -> bool:
    (a_low, a_high), (b_low, b_high) = a.span, b.span
    return a_low - NEAR <= b_high and b_low - NEAR <= a_high


def _cost(a: Run, b: Run) -> int:
    """Crossings when `a` runs above `b`; much more when vertical parts would lie on each other."""
    (a_low, a_high), (b_low, b_high) = a.span, b.span
    cost = int(a_low < b.top < a_high) + sum(b_low < x < b_high for x in a.bottoms.values())
    return cost + OVERLAP * sum(abs(x - b.top) < NEAR for x in a.bottoms.values())
