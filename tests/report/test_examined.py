"""What a net got wrong, as parts of the page."""

import re
from dataclasses import dataclass, field

import numpy as np
import pytest

from netdsl.errors import fail
from netdsl.report.examined import sections


@dataclass
class Answers:
    right: np.ndarray
    said: np.ndarray
    losses: np.ndarray
    classes: tuple = ("cat", "dog")
    shape: tuple = (4, 4, 1)
    part: str = "validation images"
    total: int = 100
    indices: np.ndarray = field(default_factory=lambda: np.arange(100) * 7)

    def picture(self, index):
        return np.full(self.shape, index, np.uint8)


def shown(found):
    return {part.heading: part.content for part in sections(lambda: {"Out": found})}


@pytest.fixture
def answers():
    return Answers(np.array([0, 1, 1, 0]), np.array([0, 0, 0, -1]), np.array([0.1, 2.0, 3.0, np.nan]))


def test_worst_images_come_by_loss_and_nan_first(answers):
    captions = re.findall("<figcaption>(.*?)</figcaption>", shown(answers)["Worst images"])
    assert captions[0] == "cat taken for no class, loss nan"
    assert captions[1:] == ["dog taken for cat, loss 3", "dog taken for cat, loss 2", "cat, loss 0.1"]


def test_pair_is_shown_by_its_worst_image(answers):
    text = shown(answers)["Most confused pairs"]
    assert "2 of dog taken for cat (100.0%)" in text and 'title="number 14 in the data"' in text


def test_page_says_how_many_of_them_were_seen(answers):
    assert "4 validation images, the first of 100." in shown(answers)["Worst images"]


def test_nothing_confused_is_said():
    right = np.array([0, 1])
    assert "No class was taken for another" in shown(Answers(right, right, np.zeros(2)))["Most confused pairs"]


def test_hundreds_of_classes_have_no_matrix_but_pairs():
    found = shown(Answers(np.arange(101), np.zeros(101, int), np.ones(101), classes=tuple(map(str, range(101)))))
    assert "cannot be read" in found["Confusion matrix"] and "<svg" not in found["Confusion matrix"]
    assert found["Most confused pairs"].count("<figure>") == 12


def test_numbers_that_are_not_finite_have_no_chart():
    found = shown(Answers(np.zeros((2, 1)), np.full((2, 1), np.nan), np.full(2, np.nan), classes=(), shape=(3,)))
    assert "no finite number" in found["Said against right"] and "nan" in found["Worst examples"]


def test_what_cannot_be_examined_is_one_sentence():
    def refuse():
        raise fail("N601", "`photos` cannot be read")

    (part,) = sections(refuse)
    assert "Left out: `photos` cannot be read." in part.content
