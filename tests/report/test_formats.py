"""A drawing in its formats."""

import itertools
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from netdsl.errors import NetError
from netdsl.language.load import load
from netdsl.report.draw import draw_sheet
from netdsl.report.pdf import pdf_bytes
from netdsl.report.png import png_bytes
from netdsl.report.sheet import Sheet, Strand, Words, flattened, head, pieces

CORNER = Strand(((0, 0), (0, 20), (30, 20), (30, 60)), True, 5, "#000000")


def pixels(content: bytes) -> np.ndarray:
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def test_a_line_turns_its_corners_and_stops_short_of_the_tip():
    start, found = pieces(CORNER)
    assert start == (0, 0)
    assert [piece.end for piece in found] == [(0, 15), (5, 20), (25, 20), (30, 25), (30, 55)]
    assert [piece.corner for piece in found] == [None, (0, 20), None, (30, 20), None]


@pytest.mark.parametrize(
    ("end", "barbs"),
    [((0, 9), {(-3.5, 2), (3.5, 2)}), ((0, -9), {(-3.5, -2), (3.5, -2)}), ((9, 0), {(2, -3.5), (2, 3.5)})],
)
def test_an_arrow_points_where_its_line_leads(end, barbs):
    tip, *rest = head(Strand(((0, 0), end), True, 5, "#000000"))
    assert (tip, set(rest)) == (end, barbs)


def test_a_flattened_line_has_no_gaps():
    parts = list(flattened(CORNER))
    assert all(a[1] == b[0] for a, b in itertools.pairwise(parts))
    assert parts[0][0] == (0, 0)


def test_png_has_the_size_of_the_drawing_times_its_scale():
    sheet = draw_sheet(load("lenet5"))
    for scale in (0.5, 2.0):
        height, width = pixels(png_bytes(sheet, scale=scale)).shape[:2]
        assert (height, width) == (round(sheet.height * scale), round(sheet.width * scale))


def test_png_shows_boxes_and_text_where_they_are():
    sheet = draw_sheet(load("lenet5"))
    found = pixels(png_bytes(sheet, scale=1))
    title = next(shape for shape in sheet.shapes if isinstance(shape, Words))
    row = found[round(title.y) - 4, :]
    assert (found[0, 0] == 255).all()
    assert (row.min(axis=1) < 128).any()


def test_a_drawing_higher_than_a_strip_has_no_seams():
    line = Strand(((10, 0), (10, 700)), False, 5, "#000000")
    column = pixels(png_bytes(Sheet("t", 20, 700, (line,)), scale=1))[:, 10, 0]
    assert set(column[2:-2]) == {column[300]}


def test_png_beyond_128_megapixels_is_refused():
    with pytest.raises(NetError, match="N623"):
        png_bytes(Sheet("t", 10_000, 10_000, ()), scale=2)


def test_pdf_is_one_page_of_the_drawings_size_and_the_same_each_time():
    pytest.importorskip("reportlab", reason="the extra `pdf` is not installed")
    sheet = draw_sheet(load("googlenet"))
    content = pdf_bytes(sheet)
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") == 1
    assert content == pdf_bytes(sheet)


def test_a_missing_package_is_an_error_with_a_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab.pdfgen.canvas", None)
    with pytest.raises(NetError, match=r"N624[\s\S]*pip install 'netdsl\[pdf\]'"):
        pdf_bytes(Sheet("t", 10, 10, ()))
