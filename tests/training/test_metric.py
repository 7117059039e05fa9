"""Right answers are counted as a reader would."""

import json

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.training.scores.metric import Tally, chosen, hits

Y = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.4, 0.4, 0.2]], np.float32)
NAN = float("nan")


def tally(*metrics, y=Y, labels=(1, 0, 2), loss=0.5, classes=3):
    made = Tally(metrics, classes)
    made.add(loss, np.asarray(y), np.asarray(y), np.asarray(labels))
    return made


def test_the_largest_is_the_answer():
    assert hits(Y, np.array([1, 1, 0])) == 2


def test_among_equals_the_first_class_wins():
    assert hits(Y[2:], np.array([0])) == 1
    assert hits(Y[2:], np.array([1])) == 0


def test_top_2_counts_the_second_largest():
    assert hits(Y, np.array([2, 2, 2]), top=2) == 2


def test_a_row_with_nan_is_wrong():
    assert hits(np.array([[np.nan, 1.0]]), np.array([1])) == 0


def test_top1_is_the_accuracy_and_top3_of_three_classes_is_all():
    assert tally("accuracy", "top1", "top2", "top3").score().metrics == {
        "accuracy": 2 / 3,
        "top1": 2 / 3,
        "top2": 2 / 3,
        "top3": 1.0,
    }


def test_a_confusion_matrix_has_the_right_class_in_rows_and_the_answer_in_columns():
    # answers 1, 0, 0 for the classes 1, 0, 2
    assert tally("confusion").score().tables == {"confusion": [[1, 0, 0], [0, 1, 0], [1, 0, 0]]}


def test_precision_recall_and_iou_of_each_class_and_their_means():
    found = tally("precision", "recall", "iou").score()
    assert found.tables == {
        "precision_by_class": [0.5, 1.0, None],
        "recall_by_class": [1.0, 1.0, 0.0],
        "iou_by_class": [0.5, 1.0, 0.0],
    }
    assert found.metrics == {"precision": 0.75, "recall": pytest.approx(2 / 3), "iou": 0.5}


def test_an_answer_that_is_not_a_number_is_no_class_but_one_that_was_missed():
    found = tally("precision", "recall", y=[[NAN, 1.0], [0.0, 1.0]], labels=[1, 1], classes=2).score()
    assert found.tables == {"precision_by_class": [None, 1.0], "recall_by_class": [None, 0.5]}


def test_pixels_count_each_and_images_weigh_the_loss():
    made = tally("accuracy", y=np.eye(2)[[[0, 1], [1, 1]]], labels=[[0, 0], [1, 1]], loss=1.0, classes=2)
    made.add(4.0, np.eye(2)[[[0, 0]]], np.eye(2)[[[0, 0]]], np.array([[0, 0]]))
    assert (made.score().accuracy, made.score().loss, made.score().images) == (5 / 6, 2.0, 3)


def test_errors_are_means_over_all_numbers():
    found = tally("mse", "mae", y=[[1.0, 2.0], [3.0, 0.0]], labels=[[1.0, 4.0], [0.0, 0.0]], classes=0).score()
    assert found.metrics == {"mse": (4 + 9) / 4, "mae": 5 / 4}


def test_the_error_of_classes_is_from_one_and_zero():
    assert tally("mse", y=[[0.5, 0.0]], labels=[0], classes=2).score().metrics == {"mse": 0.125}


def test_a_tally_goes_on_from_what_it_kept():
    metrics = ("accuracy", "iou", "mse")
    whole, second = tally(*metrics), Tally(metrics, 3)
    second.restore(json.loads(json.dumps(tally(*metrics).state())))
    for made in (whole, second):
        made.add(0.1, Y[:1], Y[:1], np.array([2]))
    assert whole.score() == second.score()


def test_nothing_seen_is_no_number():
    assert np.isnan(Tally(("accuracy",), 3).score().accuracy)


def test_the_data_say_what_is_measured_where_nobody_does():
    assert (chosen((), 10), chosen((), 0), chosen(("top5",), 10)) == (("accuracy",), ("mae",), ("top5",))


@pytest.mark.parametrize(("metric", "classes"), [("accuracy", 0), ("iou", 0), ("top5", 4)])
def test_a_metric_that_does_not_fit_the_labels_is_refused(metric, classes):
    with pytest.raises(NetError) as caught:
        chosen((metric,), classes)
    assert caught.value.code == "N507"
