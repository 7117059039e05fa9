"""Right answers are counted as a reader would."""

import numpy as np

from netdsl.training.metric import hits

Y = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.4, 0.4, 0.2]], np.float32)


def test_the_largest_is_the_answer():
    assert hits(Y, np.array([1, 1, 0])) == 2


def test_among_equals_the_first_class_wins():
    assert hits(Y[2:], np.array([0])) == 1
    assert hits(Y[2:], np.array([1])) == 0


def test_top_2_counts_the_second_largest():
    assert hits(Y, np.array([2, 2, 2]), top=2) == 2


def test_a_row_with_nan_is_wrong():
    assert hits(np.array([[np.nan, 1.0]]), np.array([1])) == 0
