"""The page: one file that needs nothing, in which no name is markup, and no part costs another."""

import numpy as np
import pytest

from netdsl.errors import fail
from netdsl.language.load import parse
from netdsl.report.filters import filter_pictures
from netdsl.report.page import NotShown, page, section, table
from netdsl.report.thumbnail import about_zero, mask_picture, picture, stretched


def refuse(error):
    def make():
        raise error

    return make


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotShown("No epoch was finished."), "No epoch was finished."),
        (fail("N601", "`<data>` cannot be read"), "Left out: `&lt;data&gt;` cannot be read."),
        (ZeroDivisionError("x < y"), "Left out: ZeroDivisionError: x &lt; y"),
    ],
)
def test_a_part_that_fails_becomes_a_sentence(error, words):
    assert words in section("Curves", refuse(error)).content


def test_no_name_is_markup():
    evil = "</title><script>alert(1)</script>"
    text = page(evil, evil, [section(evil, lambda: table([(evil, evil)], titles=(evil, evil)))])
    assert "<script" not in text


def test_nothing_comes_from_elsewhere():
    text = page("Net", "runs/net", [section("Filters", lambda: picture(np.zeros((2, 2, 1), np.uint8), title="a"))])
    assert "default-src 'none'" in text and 'src="data:image/png;base64,' in text
    assert "http://" not in text and "https://" not in text and "<script" not in text and "<link" not in text


def test_numbers_are_stretched_to_bytes_and_nan_is_black():
    assert stretched(np.array([1.0, 2.0, 3.0, np.nan])).tolist() == [0, 128, 255, 0]
    assert stretched(np.array([4.0, 4.0])).tolist() == [0, 0]


def test_zero_is_middle_grey():
    assert about_zero(np.array([-2.0, 0.0, 1.0])).tolist() == [0, 128, 191]


def test_a_mask_has_a_colour_for_each_class():
    assert mask_picture(np.array([[0, 1], [2, -1]]), 3, title="right").startswith("<img")


def filters_of(text):
    net = parse(text)
    return filter_pictures(net, net.initialise(1))


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("input x: 8x8x3; conv(5, 3x3) | global_avgpool | dense(2)", 5),
        ("input x: 8x8x1; conv(70, 3x3) | global_avgpool | dense(2)", 64),
        ("input x: 20x2; conv(4, 5) | global_avgpool | dense(2)", 4),
        ("input x: 6x6x1; dense(7) | relu | dense(2)", 7),
    ],
)
def test_first_filters_are_pictures(body, count):
    assert filters_of(f"net A {{ {body} }}").count("<img") == count


@pytest.mark.parametrize(
    "body", ["input x: 8x8x4; conv(5, 3x3) | global_avgpool | dense(2)", "input x: 9; dense(7)", "input x: 4; relu"]
)
def test_what_has_no_picture_says_so(body):
    with pytest.raises(NotShown, match=r"\.$"):
        filters_of(f"net A {{ {body} }}")
