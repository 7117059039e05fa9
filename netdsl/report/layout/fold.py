"""Fold a tall picture into columns side by side, as a newspaper folds its text.

It is cut where one wire alone passes between two frames or boxes; that wire then leads from the foot of a column, up
between the two, and into the head of the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import log

from netdsl.report.layout.model import Line, Picture, Point, Rect, Wire

TALL = 2000.0
PROPORTION = 1.4
WORTH = 0.9  # of its height, for which a picture gets another column
MOST_COLUMNS = 6
NEAR = 4
MARGIN, GAP, TURN, ROOM = 16.0, 56.0, 22.0, 48.0


@dataclass(frozen=True)
class _Cut:
    """A place to cut, and the line that passes there."""

    y: float
    line: Line


@dataclass(frozen=True)
class _Column:
    """A stretch of the picture from `top` to `bottom`, how far it moves, and where its left edge comes to stand."""

    left: float
    top: float
    bottom: float
    dx: float
    dy: float

    def holds(self, y: float) -> bool:
        """Whether a place of the old picture stands in this column."""
        return self.top < y <= self.bottom


def fold(picture: Picture) -> Picture:
    """The picture in so many columns that it comes nearest to a page; one that is not tall is left as it is."""
    if picture.height <= TALL:
        return picture
    cuts = _cuts(picture)
    tried = [picture]
    for count in range(2, min(MOST_COLUMNS, len(cuts) + 1) + 1):
        made = _folded(picture, _even(picture, cuts, count))
        if made.height < WORTH * tried[-1].height:
            tried.append(made)
    return min(tried, key=lambda one: abs(log(one.height / one.width / PROPORTION)))


def _cuts(picture: Picture) -> list[_Cut]:
    """Every gap between rectangles that one upright line passes alone."""
    spans = sorted((rect.y, rect.bottom) for rect in (*picture.boxes.values(), *picture.groups.values()))
    lines = [line for wire in picture.wires for line in wire.lines]
    found: list[_Cut] = []
    bottom = spans[0][1]
    for top, end in spans[1:]:
        if top > bottom:
            y = (top + bottom) / 2
            passing = [line for line in lines if min(p[1] for p in line) < y < max(p[1] for p in line)]
            if len(passing) == 1 and len(passing[0]) == 2:
                found.append(_Cut(y, passing[0]))
        bottom = max(bottom, end)
    return found


def _even(picture: Picture, cuts: Sequence[_Cut], count: int) -> tuple[_Cut, ...]:
    """The cuts that make the highest of `count` columns lowest."""
    wanted = [picture.height * k / count for k in range(1, count)]
    near = sorted(
        {cut for goal in wanted for cut in sorted(cuts, key=lambda c: abs(c.y - goal))[:NEAR]}, key=lambda c: c.y
    )

    def highest(chosen: tuple[_Cut, ...]) -> float:
        edges = (0.0, *(cut.y for cut in chosen), picture.height)
        return max(b - a for a, b in pairwise(edges))

    return min(combinations(near, count - 1), key=highest)


def _folded(picture: Picture, cuts: tuple[_Cut, ...]) -> Picture:
    columns = _placed(picture, cuts)

    def moved(point: Point) -> Point:
        column = next(c for c in columns if c.holds(point[1]))
        return point[0] + column.dx, point[1] + column.dy

    def rects(old: dict[str, Rect]) -> dict[str, Rect]:
        return {key: Rect(*moved((r.x, r.y)), r.width, r.height) for key, r in old.items()}

    joints = {cut.line: _joint(cut.line, columns, k) for k, cut in enumerate(cuts)}

    def redrawn(wire: Wire) -> Wire:
        lines = tuple(joints[line] if line in joints else tuple(map(moved, line)) for line in wire.lines)
        return Wire(wire.source, lines, tuple(map(moved, wire.ends)))

    wires = tuple(map(redrawn, picture.wires))
    boxes, groups = rects(dict(picture.boxes)), rects(dict(picture.groups))
    lines = [line for wire in wires for line in wire.lines]
    width = max(*(r.right for r in (*boxes.values(), *groups.values())), *(x for line in lines for x, _ in line))
    height = max(*(r.bottom for r in (*boxes.values(), *groups.values())), *(y for line in lines for _, y in line))
    return Picture(boxes, groups, wires, width + ROOM + MARGIN, height + MARGIN)


def _placed(picture: Picture, cuts: Sequence[_Cut]) -> tuple[_Column, ...]:
    edges = (0.0, *(cut.y for cut in cuts), picture.height)
    left = MARGIN
    found = []
    for k, (top, bottom) in enumerate(pairwise(edges)):
        inside = [r for r in (*picture.boxes.values(), *picture.groups.values()) if top < r.y <= bottom]
        xs = [x for line in _lines(picture, top, bottom) for x, _ in line]
        low = min(*(r.x for r in inside), *xs, inside[0].x)
        high = max(*(r.right for r in inside), *xs, inside[0].right)
        first = min(r.y for r in inside)
        # The head of a column that a wire leads into leaves room for its turn and arrow.
        found.append(_Column(left, top, bottom, left - low, MARGIN + (2 * TURN if k else 0.0) - first))
        left += high - low + ROOM + GAP
    return tuple(found)


def _lines(picture: Picture, top: float, bottom: float) -> Iterable[Line]:
    """Lines that lie between two cuts."""
    for wire in picture.wires:
        yield from (line for line in wire.lines if all(top < y <= bottom for _, y in line))


def _joint(line: Line, columns: Sequence[_Column], k: int) -> Line:
    """The way of a cut line from column `k` to the next: down, right, up between the two, right, and down."""
    (x, start), (_, end) = line
    out, into = columns[k], columns[k + 1]
    x0, x1, between = x + out.dx, x + into.dx, into.left - GAP / 2
    foot, top = start + out.dy + TURN, MARGIN
    return (x0, start + out.dy), (x0, foot), (between, foot), (between, top), (x1, top), (x1, end + into.dy)
