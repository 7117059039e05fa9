"""A drawing as PDF, by reportlab: lines and text as such, so that it stays sharp at every size.

Helvetica is one of the fonts that every PDF reader has, and the one whose widths the layout was made with.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from netdsl.errors import fail
from netdsl.report.sheet import Plate, Sheet, Strand, Words, head, pieces
from netdsl.report.svg import LINE_WIDTH

POINTS = 0.75  # of an inch's 72, to a pixel of an inch's 96


def pdf_bytes(sheet: Sheet) -> bytes:
    """One page of the drawing's size. Equal sheets give equal bytes. `NetError` N624 where reportlab is missing."""
    try:
        from reportlab.pdfgen.canvas import Canvas
    except ImportError:
        words = "drawing a PDF needs the package `reportlab`, which is not installed"
        raise fail("N624", words, help="`pip install 'netdsl[pdf]'` brings it; `-o net.svg` needs nothing") from None
    held = BytesIO()
    page = Canvas(held, pagesize=(sheet.width * POINTS, sheet.height * POINTS), invariant=1)
    page.setTitle(sheet.title)
    page.scale(POINTS, -POINTS)
    page.translate(0, -sheet.height)
    for shape in sheet.shapes:
        if isinstance(shape, Plate):
            page.setFillColor(shape.fill)
            page.setStrokeColor(shape.stroke)
            page.setLineWidth(1)
            page.roundRect(shape.x, shape.y, shape.width, shape.height, shape.radius, fill=1, stroke=1)
        elif isinstance(shape, Strand):
            _strand(page, shape)
        else:
            _words(page, shape)
    page.save()
    return held.getvalue()


def _strand(page: Any, strand: Strand) -> None:
    page.setStrokeColor(strand.colour)
    page.setFillColor(strand.colour)
    page.setLineWidth(LINE_WIDTH)
    at, found = pieces(strand)
    path = page.beginPath()
    path.moveTo(*at)
    for piece in found:
        if piece.corner is None:
            path.lineTo(*piece.end)
        else:  # a quadratic curve as a cubic one
            (x0, y0), (cx, cy), (x1, y1) = at, piece.corner, piece.end
            path.curveTo(
                x0 + 2 / 3 * (cx - x0), y0 + 2 / 3 * (cy - y0), x1 + 2 / 3 * (cx - x1), y1 + 2 / 3 * (cy - y1), x1, y1
            )
        at = piece.end
    page.drawPath(path, fill=0, stroke=1)
    if strand.arrow:
        first, *rest = head(strand)
        tip = page.beginPath()
        tip.moveTo(*first)
        for point in rest:
            tip.lineTo(*point)
        tip.close()
        page.drawPath(tip, fill=1, stroke=0)


def _words(page: Any, words: Words) -> None:
    """Text, turned back upright, since y runs down here and up in a PDF."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    fonts = {True: "Helvetica-Bold", False: "Helvetica"}
    x = words.x
    if words.middle:
        x -= sum(stringWidth(text, fonts[bold], words.size) for text, bold in words.parts) / 2
    page.saveState()
    page.translate(x, words.y)
    page.scale(1, -1)
    page.setFillColor(words.colour)
    x = 0.0
    for text, bold in words.parts:
        page.setFont(fonts[bold], words.size)
        page.drawString(x, 0, text)
        x += stringWidth(text, fonts[bold], words.size)
    page.restoreState()
