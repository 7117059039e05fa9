"""Lay out a tree of groups from the inside out, and join the parts into one picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netdsl.report.layout.model import Box, Group, Item, Level, Line, Picture, Point, Rect, Wire
from netdsl.report.layout.nest import home_of, nest
from netdsl.report.layout.order import order
from netdsl.report.layout.place import place
from netdsl.report.layout.ranks import add_lanes, rank
from netdsl.report.layout.route import Run, height, runs, track_y, tracks

MARGIN = 16.0
SIDE = 12.0
TITLE_HEIGHT = 20.0
FOOT = 4.0

Readers = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Part:
    """A laid-out group about its own origin: x of the origin is arbitrary, y 0 is the upper edge of the frame."""

    left: float
    right: float
    height: float
    boxes: Mapping[str, Rect]
    groups: Mapping[str, Rect]
    wires: tuple[Wire, ...]
    ins: Mapping[str, float]
    outs: Mapping[str, float]


def lay_out(root: Group, links: Iterable[tuple[str, str]]) -> Picture:
    """Place the boxes of `root` in rows and route a wire for each link (source box, target box).

    The links must form an acyclic graph. Equal arguments give equal pictures.
    """
    pairs = list(dict.fromkeys(links))
    readers: dict[str, tuple[str, ...]] = {}
    for source, target in pairs:
        readers[source] = (*readers.get(source, ()), target)
    part = _lay_out(nest(root, pairs), readers, framed=False)
    dx, dy = MARGIN + part.left, MARGIN
    return Picture(
        {key: rect.moved(dx, dy) for key, rect in part.boxes.items()},
        {key: rect.moved(dx, dy) for key, rect in part.groups.items()},
        _by_source(wire.moved(dx, dy) for wire in part.wires),
        part.left + part.right + 2 * MARGIN,
        part.height + 2 * MARGIN,
    )


def _by_source(wires: Iterable[Wire]) -> tuple[Wire, ...]:
    found: dict[str, Wire] = {}
    for wire in wires:
        have = found.get(wire.source, Wire(wire.source, (), ()))
        found[wire.source] = Wire(wire.source, have.lines + wire.lines, have.ends + wire.ends)
    return tuple(found.values())


def _lay_out(group: Group, readers: Readers, *, framed: bool) -> Part:
    parts = {m.key: _lay_out(m, readers, framed=True) for m in group.members if isinstance(m, Group)}
    level, rows_of, hops = add_lanes(*_ranked(_level(group, parts, readers)))
    rows = order(level.items, rows_of, hops)
    xs = place(level.items, rows, hops)
    channels = [runs(level.items, xs, between) for between in hops]
    ys, bottom, wires = _stack(level, rows, channels, framed=framed)
    boxes = {m.key: _box_rect(m, xs[m.key], ys[m.key]) for m in group.members if isinstance(m, Box)}
    groups: dict[str, Rect] = {}
    for key, part in parts.items():
        x, y = xs[key], ys[key]
        groups[key] = Rect(x - part.left, y, part.left + part.right, part.height)
        groups |= {inner: rect.moved(x, y) for inner, rect in part.groups.items()}
        boxes |= {inner: rect.moved(x, y) for inner, rect in part.boxes.items()}
        wires += [wire.moved(x, y) for wire in part.wires]
    left, right = _frame(group, level, xs, framed=framed)
    gates = {kind: _gates(level, xs, kind) for kind in ("entry", "exit")}
    return Part(left, right, bottom, boxes, groups, tuple(wires), gates["entry"], gates["exit"])


def _ranked(level: Level) -> tuple[Level, dict[str, int]]:
    return level, rank(level)


def _level(group: Group, parts: Mapping[str, Part], readers: Readers) -> Level:
    home = home_of(group.members)
    items: dict[str, Item] = {}
    for member in group.members:
        if isinstance(member, Box):
            half = member.width / 2
            right = max(half, member.label)
            items[member.key] = Item(member.key, "box", half, right, member.height, {}, {}, bool(member.label))
        else:
            p = parts[member.key]
            items[member.key] = Item(member.key, "group", p.left, p.right, p.height, p.ins, p.outs)
    sources: dict[str, str] = {}
    targets: dict[str, tuple[str, ...]] = {}
    entries: dict[str, Item] = {}
    exits: dict[str, Item] = {}
    for value, wanted in readers.items():
        source = home.get(value)
        found = [home[t] for t in wanted if t in home and home[t] != source]
        if source is not None and any(t not in home for t in wanted):
            gate = Item(f"\0exit\0{value}", "exit", 2, 2, 0, {}, {})
            exits[gate.key] = gate
            found.append(gate.key)
        if not found:
            continue
        if source is None:
            gate = Item(f"\0entry\0{value}", "entry", 2, 2, 0, {}, {})
            entries[gate.key] = gate
            source = gate.key
        sources[value] = source
        targets[value] = tuple(dict.fromkeys(found))
    return Level(entries | items | exits, sources, targets)


def _stack(
    level: Level, rows: Sequence[Sequence[str]], channels: Sequence[Sequence[Run]], *, framed: bool
) -> tuple[dict[str, float], float, list[Wire]]:
    """The y of each item, the height of it all, and the wires."""
    ys: dict[str, float] = {}
    wires: list[Wire] = []
    y = 0.0
    if framed and not any(level.items[key].kind == "entry" for key in rows[0]):
        y = TITLE_HEIGHT
    for r, (row, channel) in enumerate(zip(rows, channels, strict=True)):
        tall = max((level.items[key].height for key in row), default=0.0)
        if any(level.items[key].kind == "entry" for key in row):
            tall = TITLE_HEIGHT - FOOT
        ys |= dict.fromkeys(row, y)
        if r + 1 == len(rows):
            y += tall
            break
        used = tracks(channel)
        labels = any(level.items[key].label for key in row)
        below = y + tall
        y = below + height(used, labels=labels)
        for run in channel:
            bend = below + track_y(used[run.value], labels=labels) if run.value in used else None
            wires.append(_wire(level, ys, run, bend, y))
    last_is_gate = any(level.items[key].kind == "exit" for key in rows[-1])
    return ys, y + (0.0 if last_is_gate or not framed else SIDE), wires


def _wire(level: Level, ys: Mapping[str, float], run: Run, bend: float | None, bottom: float) -> Wire:
    start = ys[run.upper] + level.items[run.upper].height
    lines: list[Line] = []
    ends: list[Point] = []
    for key, x in run.bottoms.items():
        straight = bend is None or x == run.top
        lines.append(
            ((x, start), (x, bottom))
            if straight
            else ((run.top, start), (run.top, bend or 0.0), (x, bend or 0.0), (x, bottom))
        )
        if level.items[key].kind == "box":
            ends.append((x, bottom))
    return Wire(run.value, tuple(lines), tuple(ends))


def _frame(group: Group, level: Level, xs: Mapping[str, float], *, framed: bool) -> tuple[float, float]:
    """Extents left and right of the origin, with room for the title beside the first wire that enters."""
    left = max((level.items[key].left - x for key, x in xs.items()), default=0.0)
    right = max((level.items[key].right + x for key, x in xs.items()), default=0.0)
    if not framed:
        return left, right
    left, right = left + SIDE, right + SIDE
    room = group.title + 2 * SIDE
    first = min((x for key, x in xs.items() if level.items[key].kind == "entry"), default=None)
    if first is not None:
        left = max(left, room - first)
    return left, max(right, room - left)


def _gates(level: Level, xs: Mapping[str, float], kind: str) -> dict[str, float]:
    prefix = f"\0{kind}\0"
    return {key.removeprefix(prefix): xs[key] for key in level.items if key.startswith(prefix)}


def _box_rect(box: Box, x: float, y: float) -> Rect:
    return Rect(x - box.width / 2, y, box.width, box.height)
