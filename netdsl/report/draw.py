"""A net as an SVG drawing."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape as markup

from netdsl.errors import escape
from netdsl.graph.net import Net
from netdsl.report.family import COLOURS
from netdsl.report.figure import BESIDE, LINE, MORE, SMALL, TEXT, Caption, Figure, figure
from netdsl.report.layout import Picture, Rect, Wire, lay_out
from netdsl.report.layout.model import Line

INK, SOFT, WIRE, FRAME = "#1f2933", "#5f6b7a", "#5f6b7a", "#b6bfca"
TINTS = ("#f6f8fb", "#edf1f6")
BEND = 5.0
ARROW = 5.0
FONT = "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', sans-serif"


def draw_svg(net: Net, *, depth: int | None = None) -> str:
    """The drawing as the text of an SVG file: inputs above, outputs below, frames round scopes, shapes at the wires.

    Scopes nested deeper than `depth` are drawn as single boxes. Equal nets give equal bytes.
    """
    return draw_figure(figure(net, depth=depth), escape(net.name))


def draw_figure(plan: Figure, title: str) -> str:
    """The drawing of a figure as the text of an SVG file."""
    picture = lay_out(plan.root, plan.links)
    width, height = _n(picture.width), _n(picture.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT}" font-size="{_n(TEXT)}" fill="{INK}">',
        f"<title>{markup(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_frames(plan, picture),
        *(_wire(wire) for wire in picture.wires),
        *_shapes(plan, picture),
        *(line for key, rect in picture.boxes.items() for line in _box(plan.captions[key], rect)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _frames(plan: Figure, picture: Picture) -> Iterable[str]:
    for key, rect in picture.groups.items():
        depth = sum(1 for other in picture.groups.values() if other is not rect and _holds(other, rect))
        yield (
            f'<rect x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" height="{_n(rect.height)}" rx="8" '
            f'fill="{TINTS[depth % 2]}" stroke="{FRAME}"/>'
        )
        yield (
            f'<text x="{_n(rect.x + 9)}" y="{_n(rect.y + 14)}" font-size="{_n(SMALL)}" font-weight="bold" '
            f'fill="{SOFT}">{markup(plan.titles[key])}</text>'
        )


def _holds(outer: Rect, inner: Rect) -> bool:
    return outer.x <= inner.x and outer.y <= inner.y and outer.right >= inner.right and outer.bottom >= inner.bottom


def _wire(wire: Wire) -> str:
    ends = set(wire.ends)
    lines = " ".join(_path(line, stop=ARROW if line[-1] in ends else 0.0) for line in wire.lines)
    heads = " ".join(f"M{_n(x)} {_n(y)}l-3.5 -7h7z" for x, y in wire.ends)
    drawn = f'<path d="{lines}" fill="none" stroke="{WIRE}" stroke-width="1.2"/>'
    return drawn + (f'<path d="{heads}" fill="{WIRE}"/>' if heads else "")


def _path(line: Line, *, stop: float) -> str:
    """A line with rounded corners that ends `stop` above its last point."""
    points = [*line[:-1], (line[-1][0], line[-1][1] - stop)]
    if len(points) == 2:
        (x, y), (_, end) = points
        return f"M{_n(x)} {_n(y)}V{_n(end)}"
    (x1, y1), (_, bend), (x2, _), (_, y2) = points
    side = 1 if x2 > x1 else -1
    turn = min(BEND, abs(x2 - x1) / 2, bend - y1, y2 - bend)
    return (
        f"M{_n(x1)} {_n(y1)}V{_n(bend - turn)}Q{_n(x1)} {_n(bend)} {_n(x1 + side * turn)} {_n(bend)}"
        f"H{_n(x2 - side * turn)}Q{_n(x2)} {_n(bend)} {_n(x2)} {_n(bend + turn)}V{_n(y2)}"
    )


def _shapes(plan: Figure, picture: Picture) -> Iterable[str]:
    for key, shape in plan.shapes.items():
        rect = picture.boxes[key]
        yield (
            f'<text x="{_n(rect.x + rect.width / 2 + BESIDE - 1)}" y="{_n(rect.bottom + 11)}" '
            f'font-size="{_n(SMALL)}" fill="{SOFT}">{shape}</text>'
        )


def _box(caption: Caption, rect: Rect) -> Iterable[str]:
    fill, border = COLOURS[caption.family]
    radius = rect.height / 2 if caption.round else 4
    yield (
        f'<rect x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" height="{_n(rect.height)}" '
        f'rx="{_n(radius)}" fill="{fill}" stroke="{border}"/>'
    )
    middle = _n(rect.x + rect.width / 2)
    name = f'<tspan font-weight="bold">{markup(caption.name)}</tspan>' if caption.name else ""
    first = " ".join(part for part in (name, markup(caption.words)) if part)
    yield f'<text x="{middle}" y="{_n(rect.y + LINE / 2 + 4)}" text-anchor="middle">{first}</text>'
    if caption.below:
        yield (
            f'<text x="{middle}" y="{_n(rect.y + LINE / 2 + 4 + MORE)}" font-size="{_n(SMALL)}" fill="{SOFT}" '
            f'text-anchor="middle">{markup(caption.below)}</text>'
        )
