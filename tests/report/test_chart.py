"""Charts: round numbers at the axes, and lines that stay in the frame whatever the numbers."""

import math

import pytest

from netdsl.report.chart import HEIGHT, WIDTH, Line, line_chart, point_chart, ticks
from netdsl.report.sheet import Plate, Strand, Words
from netdsl.report.svg import svg_text


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [(0.5, 1.09, [0.4, 0.6, 0.8, 1.0, 1.2]), (0, 100, [0, 20, 40, 60, 80, 100]), (-3, 3, [-4, -2, 0, 2, 4])],
)
def test_ticks_are_round_and_enclose_the_values(low, high, found):
    assert ticks(low, high) == pytest.approx(found)


def test_whole_ticks_are_epochs_that_there_were():
    assert ticks(1, 3, whole=True) == [1, 2, 3]
    assert ticks(1, 1, whole=True) == [1]


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, 1e-30, 1e30])
def test_a_single_epoch_is_a_dot_in_the_frame(value):
    sheet = line_chart("loss", [Line("training", ((1.0, value),))], below="epoch")
    (dot,) = (shape for shape in sheet.shapes if isinstance(shape, Plate))
    assert 0 < dot.x < WIDTH and 0 < dot.y < HEIGHT


def test_each_line_has_its_name_in_its_colour():
    lines = [Line(name, ((1.0, 1.0), (2.0, y))) for name, y in (("training", 0.5), ("validation", 0.7))]
    sheet = line_chart("loss", lines, below="epoch")
    names = {shape.parts[0][0]: shape.colour for shape in sheet.shapes if isinstance(shape, Words)}
    drawn = [shape.colour for shape in sheet.shapes if isinstance(shape, Strand)][-2:]
    assert drawn == [names["training"], names["validation"]]


def test_many_epochs_have_no_dots():
    line = Line("training", tuple((float(i), 1 / i) for i in range(1, 300)))
    assert not any(isinstance(shape, Plate) for shape in line_chart("loss", [line], below="epoch").shapes)


def test_points_lie_on_the_diagonal_where_they_are_right():
    sheet = point_chart("said", [(0.0, 0.0), (1.0, 1.0)], below="right", beside="said")
    diagonal = [shape for shape in sheet.shapes if isinstance(shape, Strand)][-1]
    (x0, y0), (x1, y1) = diagonal.points
    dots = [
        (shape.x + shape.width / 2, shape.y + shape.height / 2) for shape in sheet.shapes if isinstance(shape, Plate)
    ]
    assert all(math.isclose((y - y0) * (x1 - x0), (x - x0) * (y1 - y0), abs_tol=1e-6) for x, y in dots)


def test_a_straight_line_has_no_curves():
    text = svg_text(line_chart("loss", [Line("a", ((1.0, 1.0), (2.0, 3.0), (3.0, 2.0)))], below="epoch"))
    assert "Q" not in text.partition("</title>")[2]
