"""A net as a drawing: placed boxes, frames and wires become plates, strands and words."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.errors import escape
from netdsl.graph.net import Net
from netdsl.report.family import COLOURS
from netdsl.report.figure import BESIDE, LINE, MORE, SMALL, TEXT, Caption, Figure, figure
from netdsl.report.layout import Picture, Rect, Wire, fold, lay_out, lay_out_u
from netdsl.report.sheet import Plate, Sheet, Strand, Words
from netdsl.report.svg import svg_text

INK, SOFT, WIRE, FRAME = "#1f2933", "#5f6b7a", "#5f6b7a", "#b6bfca"
TINTS = ("#f6f8fb", "#edf1f6")
BEND = 5.0


def draw_svg(net: Net, *, depth: int | None = None) -> str:
    """The drawing as the text of an SVG file. Equal nets give equal bytes."""
    return svg_text(draw_sheet(net, depth=depth))


def draw_sheet(net: Net, *, depth: int | None = None) -> Sheet:
    """Inputs above, outputs below, frames round scopes, shapes at the wires.

    Scopes nested deeper than `depth` are drawn as single boxes. A net with the skips of a U-Net is drawn as a U.
    """
    plan = figure(net, depth=depth)
    picture = lay_out_u(plan.root, plan.links) or fold(lay_out(plan.root, plan.links))
    return paint(escape(net.name), plan, picture)


def draw_figure(plan: Figure, title: str) -> str:
    """The drawing of a figure as the text of an SVG file."""
    return svg_text(paint(title, plan, lay_out(plan.root, plan.links)))


def paint(title: str, plan: Figure, picture: Picture) -> Sheet:
    """The shapes of a figure whose parts have their places."""
    shapes = (
        *_frames(plan, picture),
        *(strand for wire in picture.wires for strand in _wire(wire)),
        *_shapes(plan, picture),
        *(shape for key, rect in picture.boxes.items() for shape in _box(plan.captions[key], rect)),
    )
    return Sheet(title, picture.width, picture.height, shapes)


def _frames(plan: Figure, picture: Picture) -> Iterator[Plate | Words]:
    for key, rect in picture.groups.items():
        depth = sum(1 for other in picture.groups.values() if other is not rect and _holds(other, rect))
        yield Plate(rect.x, rect.y, rect.width, rect.height, 8, TINTS[depth % 2], FRAME)
        yield Words(rect.x + 9, rect.y + 14, SMALL, False, ((plan.titles[key], True),), SOFT)


def _holds(outer: Rect, inner: Rect) -> bool:
    return outer.x <= inner.x and outer.y <= inner.y and outer.right >= inner.right and outer.bottom >= inner.bottom


def _wire(wire: Wire) -> Iterator[Strand]:
    ends = set(wire.ends)
    for line in wire.lines:
        yield Strand(line, line[-1] in ends, BEND, WIRE)


def _shapes(plan: Figure, picture: Picture) -> Iterator[Words]:
    for key, shape in plan.shapes.items():
        rect = picture.boxes[key]
        x, y = picture.labels.get(key, (rect.x + rect.width / 2, rect.bottom + 11))
        yield Words(x + BESIDE - 1, y, SMALL, False, ((shape, False),), SOFT)


def _box(caption: Caption, rect: Rect) -> Iterator[Plate | Words]:
    fill, border = COLOURS[caption.family]
    yield Plate(rect.x, rect.y, rect.width, rect.height, rect.height / 2 if caption.round else 4, fill, border)
    middle, line = rect.x + rect.width / 2, rect.y + LINE / 2 + 4
    space = " " if caption.name and caption.words else ""
    parts = tuple(part for part in ((caption.name, True), (space + caption.words, False)) if part[0])
    yield Words(middle, line, TEXT, True, parts, INK)
    if caption.below:
        yield Words(middle, line + MORE, SMALL, True, ((caption.below, False),), SOFT)
