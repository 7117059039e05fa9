"""The confusion matrix: counted, sorted and drawn."""

import numpy as np

from netdsl.report.confusion import Confused, confusion, confusion_sheet, most_confused
from netdsl.report.sheet import Words
from netdsl.report.svg import svg_text

RIGHT = np.array([0, 0, 0, 1, 1, 2, 2, 2])
SAID = np.array([0, 1, 1, 1, 0, 0, 0, -1])


def test_rows_are_right_and_columns_said():
    assert confusion(RIGHT, SAID, 3).tolist() == [[1, 2, 0], [1, 1, 0], [2, 0, 0]]


def test_masks_are_counted_place_by_place():
    assert confusion(RIGHT.reshape(2, 2, 2), SAID.reshape(2, 2, 2), 3).sum() == 7


def test_pairs_come_by_count_with_their_share():
    found = most_confused(confusion(RIGHT, SAID, 3), 2)
    assert found == [Confused(0, 1, 2, 2 / 3), Confused(2, 0, 2, 1.0)]


def test_right_answers_alone_confuse_nothing():
    assert most_confused(confusion(RIGHT, RIGHT, 3), 5) == []


def test_sheet_writes_every_count_but_zero():
    sheet = confusion_sheet(np.array([[70, 3], [0, 9]]), ["a<b", "x\u202ey"])
    words = [shape.parts[0][0] for shape in sheet.shapes if isinstance(shape, Words)]
    assert {"70", "3", "9", "0  a<b", "1  x\\u{202e}y"} <= set(words)
    assert "a&lt;b" in svg_text(sheet)


def test_many_classes_are_drawn_without_numbers():
    sheet = confusion_sheet(np.eye(100, dtype=np.int64) * 7, [str(i) for i in range(100)])
    assert "7" not in [shape.parts[0][0] for shape in sheet.shapes if isinstance(shape, Words)]
    assert sheet.width < 1000
