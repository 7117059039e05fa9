"""A drawing as PNG, by Pillow and the font that comes with it: the same pixels on every machine.

It is painted several times as large, a strip at a time, and made smaller, which smooths the edges.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from netdsl.errors import fail
from netdsl.report.sheet import Plate, Sheet, Strand, Words, flattened, head
from netdsl.report.svg import LINE_WIDTH

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

SMOOTH = 3
STRIP = 256
MOST_PIXELS = 2**27
THICKER = 0.025  # of the size: bold, as the font has no bold of its own


def png_bytes(sheet: Sheet, *, scale: float = 2.0) -> bytes:
    """The drawing with `scale` pixels for each of its own. Equal sheets give equal bytes.

    Raises `NetError` N623 beyond 128 megapixels.
    """
    width, height = round(sheet.width * scale), round(sheet.height * scale)
    if width * height > MOST_PIXELS:
        words = f"the picture would be {width}x{height}: {width * height / 2**20:,.0f} megapixels, 128 at most"
        raise fail("N623", words, help="draw a smaller --scale, less --depth, or SVG")
    picture = Image.new("RGB", (width, height), "white")
    for top in range(0, height, STRIP):
        rows = min(STRIP, height - top)
        strip = Image.new("RGB", (width * SMOOTH, rows * SMOOTH), "white")
        brush = _Brush(ImageDraw.Draw(strip), scale * SMOOTH, top / scale, (top + rows) / scale)
        for shape in sheet.shapes:
            brush.paint(shape)
        picture.paste(strip.resize((width, rows), Image.Resampling.BOX), (0, top))
    held = BytesIO()
    picture.save(held, "PNG", optimize=True)
    return held.getvalue()


@cache
def _font(size: int) -> FreeTypeFont:
    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


class _Brush:
    """Paints shapes on a strip that shows the drawing from `top` to `bottom`, `scale` times as large."""

    def __init__(self, draw: ImageDraw.ImageDraw, scale: float, top: float, bottom: float) -> None:
        self.draw, self.scale, self.top, self.bottom = draw, scale, top, bottom

    def paint(self, shape: Plate | Strand | Words) -> None:
        """Paint what the strip shows of a shape."""
        if isinstance(shape, Plate):
            if self._sees(shape.y, shape.y + shape.height):
                self._plate(shape)
        elif isinstance(shape, Strand):
            ys = [y for _, y in shape.points]
            if self._sees(min(ys), max(ys)):
                self._strand(shape)
        elif self._sees(shape.y - 2 * shape.size, shape.y + shape.size):
            self._words(shape)

    def _sees(self, low: float, high: float) -> bool:
        return high >= self.top - 2 and low <= self.bottom + 2

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * self.scale, (y - self.top) * self.scale

    def _plate(self, plate: Plate) -> None:
        box = (*self._at(plate.x, plate.y), *self._at(plate.x + plate.width, plate.y + plate.height))
        radius = min(plate.radius, plate.height / 2, plate.width / 2) * self.scale
        self.draw.rounded_rectangle(box, radius, plate.fill, plate.stroke, max(1, round(self.scale)))

    def _strand(self, strand: Strand) -> None:
        width = max(1, round(LINE_WIDTH * self.scale))
        for a, b in flattened(strand):
            self.draw.line((self._at(*a), self._at(*b)), strand.colour, width)
        if strand.arrow:
            self.draw.polygon([self._at(*point) for point in head(strand)], strand.colour)

    def _words(self, words: Words) -> None:
        font = _font(round(words.size * self.scale))
        thick = [round(THICKER * words.size * self.scale) if bold else 0 for _, bold in words.parts]
        widths = [font.getlength(text) + 2 * more for (text, _), more in zip(words.parts, thick, strict=True)]
        x, y = self._at(words.x, words.y)
        x -= sum(widths) / 2 if words.middle else 0
        for (text, _), width, more in zip(words.parts, widths, thick, strict=True):
            self.draw.text((x + more, y), text, words.colour, font, anchor="ls", stroke_width=more)
            x += width
