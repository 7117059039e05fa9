import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.explain.field_picture import FRAME, PAPER, draw_field, find_field
from netdsl.language.load import load, parse

WHITE = np.full((64, 64, 3), 255, np.uint8)


def test_field_says_where_it_lies():
    assert find_field(load("lenet5"), "C3", (0, 0)).words() == (
        "C3[0,0] sees rows 0 to 13 and columns 0 to 13: 14x14 pixels of 32x32"
    )


def test_middle_is_taken_by_default():
    assert find_field(load("lenet5"), "C3", None).at == (5, 5)


def test_field_beyond_the_picture_tells_how_much_is_inside():
    assert find_field(load("alexnet"), "conv5", (0, 0)).words().endswith("of 227x227, 36.9 % of them in the picture")


def test_picture_is_bright_in_the_field_and_dark_outside():
    picture = draw_field(WHITE, find_field(load("lenet5"), "C3", (0, 0)))
    assert picture.shape == (480, 480, 3)
    assert (picture[100, 100] == 255).all()
    assert (picture[300, 300] < 100).all()
    assert (picture[0, 100] == FRAME).all()


def test_a_grey_picture_is_drawn_in_colour():
    assert draw_field(WHITE[:, :, :1], find_field(load("lenet5"), "C3", None)).shape[2] == 3


def test_what_lies_in_the_padding_widens_the_picture():
    net = parse("net S { input x: 32x32x1; y: conv(1, 9x9, pad=4) }")
    picture = draw_field(WHITE, find_field(net, "y", (0, 0)))
    assert picture.shape == (548, 548, 3)  # 4 of 32 pixels beyond, 15 times as large, and a border of 4
    assert (picture[0, 0] == PAPER).all()
    assert (picture[10, 300] == PAPER).all()


@pytest.mark.parametrize(
    ("node", "at", "code"), [("C3", (10, 0), "N741"), ("C3", (1,), "N741"), ("F6", (1, 1), "N741")]
)
def test_a_place_that_is_not_there_is_refused(node, at, code):
    with pytest.raises(NetError, match=code):
        find_field(load("lenet5"), node, at)


def test_a_net_on_sequences_sees_no_picture():
    with pytest.raises(NetError, match="N742"):
        find_field(parse("net S { input x: 16x2; y: conv(1, 3) }"), "y", None)
