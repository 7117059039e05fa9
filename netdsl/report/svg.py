"""A drawing as SVG."""

from __future__ import annotations

from html import escape as markup

from netdsl.report.sheet import Plate, Sheet, Strand, Words, head, pieces

FONT = "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', sans-serif"
LINE_WIDTH = 1.2


def svg_text(sheet: Sheet) -> str:
    """The text of an SVG file. Equal sheets give equal bytes."""
    width, height = number(sheet.width), number(sheet.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT}">',
        f"<title>{markup(sheet.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *map(_element, sheet.shapes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def number(value: float) -> str:
    """A length with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def _element(shape: Plate | Strand | Words) -> str:
    if isinstance(shape, Plate):
        place = " ".join(f'{name}="{number(getattr(shape, name))}"' for name in ("x", "y", "width", "height"))
        return f'<rect {place} rx="{number(shape.radius)}" fill="{shape.fill}" stroke="{shape.stroke}"/>'
    return _strand(shape) if isinstance(shape, Strand) else _words(shape)


def _strand(strand: Strand) -> str:
    start, found = pieces(strand)
    path = f"M{_point(start)}"
    for piece in found:
        path += f"L{_point(piece.end)}" if piece.corner is None else f"Q{_point(piece.corner)} {_point(piece.end)}"
    drawn = f'<path d="{path}" fill="none" stroke="{strand.colour}" stroke-width="{LINE_WIDTH}"/>'
    if not strand.arrow:
        return drawn
    tip, *barbs = map(_point, head(strand))
    return f'{drawn}<path d="M{tip}L{"L".join(barbs)}z" fill="{strand.colour}"/>'


def _point(point: tuple[float, float]) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _words(words: Words) -> str:
    anchor = ' text-anchor="middle"' if words.middle else ""
    runs = "".join(f'<tspan font-weight="bold">{markup(t)}</tspan>' if bold else markup(t) for t, bold in words.parts)
    return (
        f'<text x="{number(words.x)}" y="{number(words.y)}" font-size="{number(words.size)}" '
        f'fill="{words.colour}"{anchor}>{runs}</text>'
    )
