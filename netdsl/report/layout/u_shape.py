"""A U: a net that goes down, turns, and comes up again beside itself, with skips from each level to its counterpart.

Such a net is one chain whose other links are nested like brackets: the first skip ends last. Its levels stand side by
side, the way down on the left, the way up on the right, what lies between in a row below, and skips run level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import networkx as nx

from netdsl.report.layout.model import Box, Group, Line, Picture, Point, Rect, Wire

LEAST_SKIPS = 2
MARGIN, STEP, BETWEEN, APART = 16.0, 31.0, 44.0, 150.0
LABEL_UP = 5.0


@dataclass(frozen=True)
class _Levels:
    """The chain cut at its skips: ways down from the top, the row below, and ways up from the top."""

    down: tuple[tuple[str, ...], ...]
    below: tuple[str, ...]
    up: tuple[tuple[str, ...], ...]


@dataclass
class _Drawing:
    """What has its place so far."""

    boxes: dict[str, Box]
    rects: dict[str, Rect] = field(default_factory=dict)
    labels: dict[str, Point] = field(default_factory=dict)
    lines: dict[str, list[Line]] = field(default_factory=dict)

    def put(self, key: str, x: float, middle: float) -> Rect:
        """Place a box about a point."""
        box = self.boxes[key]
        self.rects[key] = Rect(x - box.width / 2, middle - box.height / 2, box.width, box.height)
        return self.rects[key]

    def join(self, source: str, *points: Point) -> None:
        """Draw a wire that leaves a box."""
        self.lines.setdefault(source, []).append(points)


def lay_out_u(root: Group, links: Iterable[tuple[str, str]]) -> Picture | None:
    """The picture of a net that is a U; None where it is none."""
    boxes = {box.key: box for box in root.boxes()}
    levels = _levels(boxes, list(dict.fromkeys(links)))
    if levels is None:
        return None
    drawing = _Drawing(boxes)
    left = MARGIN + max(boxes[key].width for way in levels.down for key in way) / 2
    below = _along(boxes, levels, left)
    right = below[-1]
    bottom = MARGIN
    for down, up in zip(levels.down, levels.up, strict=True):
        bottom = _level(drawing, down, up, (left, right), bottom)
    middle = bottom + max(boxes[key].height for key in levels.below) / 2
    for key, x in zip(levels.below, below, strict=True):
        drawing.put(key, x, middle)
    _wire(drawing, levels)
    rects = drawing.rects.values()
    width = max(rect.right for rect in rects) + max(box.label for box in boxes.values()) / 2 + MARGIN
    height = max(rect.bottom for rect in rects) + STEP
    wires = tuple(
        Wire(source, tuple(lines), tuple(line[-1] for line in lines)) for source, lines in drawing.lines.items()
    )
    return Picture(drawing.rects, {}, wires, width, height, drawing.labels)


def _levels(boxes: Iterable[str], links: Sequence[tuple[str, str]]) -> _Levels | None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(boxes)
    graph.add_edges_from(links)
    chain = list(nx.topological_sort(graph))
    place = {key: k for k, key in enumerate(chain)}
    steps = set(pairwise(chain))
    if not steps <= set(links):
        return None
    skips = sorted((place[a], place[b]) for a, b in links if (a, b) not in steps)
    nested = all(a < c and d < b for (a, b), (c, d) in pairwise(skips))
    if len(skips) < LEAST_SKIPS or not nested or skips[-1][1] - skips[-1][0] < 3:
        return None
    starts, ends = [a for a, _ in skips], [b for _, b in skips]
    down = tuple(tuple(chain[a:b]) for a, b in pairwise([0, *(a + 1 for a in starts)]))
    up = tuple(tuple(chain[a:b]) for a, b in zip(ends, [len(chain), *ends], strict=False))
    return _Levels(down, tuple(chain[starts[-1] + 1 : ends[-1]]), up)


def _along(boxes: dict[str, Box], levels: _Levels, left: float) -> list[float]:
    """The x of the row below: its first box under the way down, its last under the way up, with room for the skips."""
    xs = [left]
    for a, b in pairwise(levels.below):
        xs.append(xs[-1] + boxes[a].width / 2 + BETWEEN + boxes[b].width / 2)
    widest = [max(boxes[key].width for way in ways for key in way) for ways in (levels.down, levels.up)]
    stretch = max(0.0, sum(widest) / 2 + APART - (xs[-1] - left)) / (len(xs) - 1)
    return [x + k * stretch for k, x in enumerate(xs)]


def _level(drawing: _Drawing, down: Sequence[str], up: Sequence[str], xs: tuple[float, float], top: float) -> float:
    """Place one level below `top`, its skip level; the place where the next begins."""
    boxes = drawing.boxes
    heights = [sum(boxes[key].height + STEP for key in way) for way in (down, up)]
    foot = top + max(heights)
    base = foot - STEP - boxes[down[-1]].height / 2
    y = base
    for key, above in zip(reversed(down), [*reversed(down[:-1]), None], strict=True):
        drawing.put(key, xs[0], y)
        y -= (boxes[key].height + (boxes[above].height if above else 0)) / 2 + STEP
    y = base
    for key, above in zip(up, [*up[1:], None], strict=True):
        rect = drawing.put(key, xs[1], y)
        drawing.labels[key] = (xs[1], rect.y - LABEL_UP)
        y -= (boxes[key].height + (boxes[above].height if above else 0)) / 2 + STEP
    return foot


def _wire(drawing: _Drawing, levels: _Levels) -> None:
    rects = drawing.rects
    down = [key for way in levels.down for key in way] + [levels.below[0]]
    for a, b in pairwise(down):
        drawing.join(a, (_middle(rects[a]), rects[a].bottom), (_middle(rects[b]), rects[b].y))
    for a, b in pairwise(levels.below):
        y = rects[a].y + rects[a].height / 2
        drawing.join(a, (rects[a].right, y), (rects[b].x, y))
    up = [levels.below[-1]] + [key for way in reversed(levels.up) for key in way]
    for a, b in pairwise(up):
        drawing.join(a, (_middle(rects[a]), rects[a].y), (_middle(rects[b]), rects[b].bottom))
    drawing.labels[up[0]] = (_middle(rects[up[0]]), rects[up[0]].y - LABEL_UP)
    for ways_down, ways_up in zip(levels.down, levels.up, strict=True):
        a, b = ways_down[-1], ways_up[0]
        y = rects[a].y + rects[a].height / 2
        drawing.join(a, (rects[a].right, y), (rects[b].x, y))


def _middle(rect: Rect) -> float:
    return rect.x + rect.width / 2
