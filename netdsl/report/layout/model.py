"""What goes into a layout, and what comes out. Lengths are in pixels, y runs down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Point = tuple[float, float]
Line = tuple[Point, ...]


@dataclass(frozen=True)
class Box:
    """A leaf; `label` is the width of the text beside the wire that leaves it."""

    key: str
    width: float
    height: float
    label: float = 0


@dataclass(frozen=True)
class Group:
    """Boxes and groups with a frame round them; `title` is the width of the text in the frame's upper left corner."""

    key: str
    title: float
    members: tuple[Box | Group, ...]

    def boxes(self) -> Iterator[Box]:
        """Every box within, in order."""
        for member in self.members:
            if isinstance(member, Box):
                yield member
            else:
                yield from member.boxes()


@dataclass(frozen=True)
class Rect:
    """An axis-parallel rectangle from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def moved(self, dx: float, dy: float) -> Rect:
        """The same rectangle elsewhere."""
        return Rect(self.x + dx, self.y + dy, self.width, self.height)


@dataclass(frozen=True)
class Wire:
    """The way of one value: horizontal and vertical lines, and the points where it enters boxes from above."""

    source: str
    lines: tuple[Line, ...]
    ends: tuple[Point, ...]

    def moved(self, dx: float, dy: float) -> Wire:
        """The same wire elsewhere."""
        lines = tuple(tuple((x + dx, y + dy) for x, y in line) for line in self.lines)
        return Wire(self.source, lines, tuple((x + dx, y + dy) for x, y in self.ends))


@dataclass(frozen=True)
class Picture:
    """Rectangles of boxes and groups by key (outer groups first), wires, and the size of it all.

    `labels` are the wires beside which the text of a box stands, where that is not the one that leaves it below.
    """

    boxes: Mapping[str, Rect]
    groups: Mapping[str, Rect]
    wires: tuple[Wire, ...]
    width: float
    height: float
    labels: Mapping[str, Point] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """What a row holds: a box, a laid-out group, a lane of a passing wire, or a wire's gate in the frame.

    Extents run from the item's origin; `ins` and `outs` are where wires may enter above and leave below, by value.
    A value that is not in `ins` enters where the route likes.
    """

    key: str
    kind: str
    left: float
    right: float
    height: float
    ins: Mapping[str, float]
    outs: Mapping[str, float]
    label: bool = False


@dataclass(frozen=True)
class Level:
    """The inside of one group: items in text order, and for each value the item it leaves and those it enters."""

    items: Mapping[str, Item]
    sources: Mapping[str, str]
    targets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Hop:
    """One value between a row and the next: from the item above to the items below."""

    value: str
    upper: str
    lowers: tuple[str, ...]
