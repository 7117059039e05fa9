"""Charts: lines over epochs, and points of what is right against what was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from netdsl.report.sheet import Plate, Point, Sheet, Strand, Words
from netdsl.report.text_width import text_width

WIDTH, HEIGHT = 440.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 46.0, 38.0
TITLE, SMALL = 13.0, 10.0
INK, SOFT, GRID = "#1f2933", "#5f6b7a", "#e4e7eb"
COLOURS = ("#2f6db3", "#d1603d", "#5c9a5c", "#7d5bb0")
DOT = 2.2
MOST_DOTS = 40
TICKS = 5


@dataclass(frozen=True)
class Line:
    """A named line through points (x, y), in order of x."""

    name: str
    points: tuple[Point, ...]


def line_chart(title: str, lines: Sequence[Line], *, below: str) -> Sheet:
    """Lines in one frame, with their names in their colours; few points are marked. `below` names the x axis."""
    frame = _Frame([point for line in lines for point in line.points], whole=True)
    shapes: list[Plate | Strand | Words] = [*frame.shapes(title, below)]
    x = LEFT
    for line, colour in zip(lines, COLOURS, strict=False):
        shapes.append(Words(x, TOP - 10, SMALL, False, ((line.name, True),), colour))
        x += text_width(line.name, SMALL, bold=True) + 14
        points = tuple(map(frame.at, line.points))
        if len(points) > 1:
            shapes.append(Strand(points, False, 0.0, colour))
        if len(points) <= MOST_DOTS:
            shapes += [_dot(point, colour) for point in points]
    return Sheet(title, WIDTH, HEIGHT, tuple(shapes))


def point_chart(title: str, points: Sequence[Point], *, below: str, beside: str) -> Sheet:
    """Points with the diagonal on which x = y; `beside` names the y axis."""
    ends = [value for point in points for value in point]
    frame = _Frame([(min(ends), min(ends)), (max(ends), max(ends))], whole=False)
    shapes: list[Plate | Strand | Words] = [*frame.shapes(title, below)]
    shapes.append(Words(LEFT, TOP - 10, SMALL, False, ((beside, False),), SOFT))
    shapes.append(Strand((frame.at((frame.x[0], frame.x[0])), frame.at((frame.x[1], frame.x[1]))), False, 0.0, SOFT))
    shapes += [_dot(frame.at(point), COLOURS[0]) for point in points]
    return Sheet(title, WIDTH, HEIGHT, tuple(shapes))


def ticks(low: float, high: float, *, most: int = TICKS, whole: bool = False) -> list[float]:
    """Round numbers, 1, 2 or 5 times a power of ten apart, from `low` or below to `high` or above; at most `most` + 2.

    `whole`: whole numbers, which stay between `low` and `high`.
    """
    span = high - low
    if span <= 0:
        span = abs(low) or 1.0
        low, high = (low, high) if whole else (low - span / 2, high + span / 2)
    power = 10.0 ** floor(log10(span / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= most)
    if whole:
        step = max(step, 1.0)
        return [step * k for k in range(ceil(low / step), floor(high / step) + 1)]
    return [step * k for k in range(floor(low / step + 1e-9), ceil(high / step - 1e-9) + 1)]


class _Frame:
    """The frame of a chart: where points lie in it, its axes and their numbers."""

    def __init__(self, points: Sequence[Point], *, whole: bool) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.down = ticks(min(ys), max(ys))
        self.y = self.down[0], self.down[-1]
        self.along = ticks(min(xs), max(xs), whole=whole)
        first, last = (min(xs), max(xs)) if whole else (self.along[0], self.along[-1])
        self.x = (first - 0.5, last + 0.5) if first == last else (first, last)

    def at(self, point: Point) -> Point:
        """Where a point lies on the sheet."""
        across = (point[0] - self.x[0]) / (self.x[1] - self.x[0])
        up = (point[1] - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def shapes(self, title: str, below: str) -> Iterator[Strand | Words]:
        yield Words(LEFT, 18, TITLE, False, ((title, True),), INK)
        digits = _digits(self.down)
        for value in self.down:
            _, y = self.at((self.x[0], value))
            yield Strand(((LEFT, y), (WIDTH - RIGHT, y)), False, 0.0, GRID)
            text = f"{value:.{digits}f}" if digits <= 6 else f"{value:.1e}"
            yield Words(LEFT - 7 - text_width(text, SMALL), y + 3.5, SMALL, False, ((text, False),), SOFT)
        digits = _digits(self.along)
        for value in self.along:
            x, _ = self.at((value, self.y[0]))
            yield Words(x, HEIGHT - BOTTOM + 15, SMALL, True, ((f"{value:.{digits}f}", False),), SOFT)
        yield Words((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, SMALL, True, ((below, False),), SOFT)


def _digits(values: Sequence[float]) -> int:
    """Decimals that tell ticks apart."""
    step = values[1] - values[0] if len(values) > 1 else 1.0
    return max(0, -floor(log10(step) + 1e-9))


def _dot(point: Point, colour: str) -> Plate:
    return Plate(point[0] - DOT, point[1] - DOT, 2 * DOT, 2 * DOT, DOT, colour, colour)
