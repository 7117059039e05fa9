"""A drawing as plain shapes, which each format writes in its own way. Lengths are in pixels, y runs down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

Point = tuple[float, float]


@dataclass(frozen=True)
class Plate:
    """A rectangle with round corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    stroke: str


@dataclass(frozen=True)
class Strand:
    """A line along points, its corners rounded by `bend`; where it is `arrow`, its last point is an arrow's tip."""

    points: tuple[Point, ...]
    arrow: bool
    bend: float
    colour: str


@dataclass(frozen=True)
class Words:
    """A line of text: `parts` are texts, each bold or not; y is its base line, x its start or its middle."""

    x: float
    y: float
    size: float
    middle: bool
    parts: tuple[tuple[str, bool], ...]
    colour: str


@dataclass(frozen=True)
class Sheet:
    """Shapes in the order in which they are painted, on white."""

    title: str
    width: float
    height: float
    shapes: tuple[Plate | Strand | Words, ...]


ARROW_LENGTH, ARROW_HALF, ARROW_GAP = 7.0, 3.5, 5.0


@dataclass(frozen=True)
class Piece:
    """A straight line to `end`, or with `corner` a curve to `end` whose tangents meet there."""

    end: Point
    corner: Point | None = None


def pieces(strand: Strand) -> tuple[Point, tuple[Piece, ...]]:
    """The start of a strand and its pieces; an arrow's line ends before the tip."""
    points = list(strand.points)
    if strand.arrow:
        points[-1] = _towards(points[-1], points[-2], ARROW_GAP)
    found: list[Piece] = []
    for i in range(1, len(points) - 1):
        before, corner, after = points[i - 1], points[i], points[i + 1]
        if not strand.bend:
            found.append(Piece(corner))
            continue
        room = min(strand.bend, _length(before, corner) / (2 if i > 1 else 1))
        room = min(room, _length(corner, after) / (2 if i + 2 < len(points) else 1))
        found.append(Piece(_towards(corner, before, room)))
        found.append(Piece(_towards(corner, after, room), corner))
    found.append(Piece(points[-1]))
    return points[0], tuple(found)


def head(strand: Strand) -> tuple[Point, Point, Point]:
    """The tip of an arrow and its two barbs."""
    tip, base = strand.points[-1], _towards(strand.points[-1], strand.points[-2], ARROW_LENGTH)
    dx, dy = (base[0] - tip[0]) / ARROW_LENGTH, (base[1] - tip[1]) / ARROW_LENGTH
    side = (-dy * ARROW_HALF, dx * ARROW_HALF)
    return tip, (base[0] - side[0], base[1] - side[1]), (base[0] + side[0], base[1] + side[1])


def flattened(strand: Strand, steps: int = 6) -> Iterator[tuple[Point, Point]]:
    """The pieces of a strand as straight lines."""
    start, found = pieces(strand)
    points = [start]
    for piece in found:
        if piece.corner is not None:
            a, b, c = points[-1], piece.corner, piece.end
            for k in range(1, steps):
                t = k / steps
                u, v, w = (1 - t) ** 2, 2 * t * (1 - t), t * t
                points.append((u * a[0] + v * b[0] + w * c[0], u * a[1] + v * b[1] + w * c[1]))
        points.append(piece.end)
    yield from pairwise(points)


def _length(a: Point, b: Point) -> float:
    return hypot(b[0] - a[0], b[1] - a[1])


def _towards(a: Point, b: Point, by: float) -> Point:
    """The point `by` from `a` on the way to `b`."""
    length = _length(a, b) or 1.0
    return a[0] + (b[0] - a[0]) * by / length, a[1] + (b[1] - a[1]) * by / length
