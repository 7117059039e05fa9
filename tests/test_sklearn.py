"""`NetClassifier` is an estimator as scikit-learn checks it."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="scikit-learn is not installed: tools/check_estimator.py runs these")

from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.sklearn import NetClassifier

LINEAR = parse("net Linear {\n  input x: 4\n  a: dense(8, act=tanh)\n  o: dense(3)\n}\n")


@parametrize_with_checks([NetClassifier()])
def test_estimator_checks(estimator, check):
    check(estimator)


def test_iris_is_learned_in_a_pipeline():
    X, y = load_iris(return_X_y=True)
    made = make_pipeline(StandardScaler(), NetClassifier(random_state=1))
    assert cross_val_score(made, X, y, cv=3).min() > 0.9


def test_a_net_of_two_inputs_is_refused_with_what_takes_it():
    net = parse("net Two {\n  input a: 2\n  b: dense(2)\n  input other: 2\n  concat(b, _) | dense(3)\n}\n")
    with pytest.raises(NetError, match="has the inputs `a`, `other`, and this is for nets with one") as caught:
        NetClassifier(net).fit(*load_iris(return_X_y=True))
    assert "`netdsl train`" in caught.value.diagnostics[0].help


def test_the_digits_are_learned_by_a_convolution_from_flat_rows():
    X, y = load_digits(return_X_y=True)
    text = "net D(classes=2) {\n  input x: 8x8x1\n  conv(8, 3x3, act=relu)\n  o: dense(classes, act=softmax)\n}\n"
    made = NetClassifier(parse(text, classes=10), epochs=5, random_state=1).fit(X[:1000], y[:1000])
    assert made.score(X[1000:], y[1000:]) > 0.9
    assert len(made.loss_curve_) == 5


def test_the_same_seed_gives_the_same_bits_after_a_pickle_too():
    X, y = load_iris(return_X_y=True)
    one, two = (NetClassifier(LINEAR, epochs=3, random_state=2).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(one)).predict_proba(X), one.predict_proba(X))
    assert np.allclose(one.predict_proba(X).sum(axis=1), 1, atol=1e-5)


def test_frozen_nodes_keep_their_first_values():
    X, y = load_iris(return_X_y=True)
    made = NetClassifier(LINEAR, epochs=2, freeze=["a"], random_state=0)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    np.testing.assert_array_equal(made.fit(X, y).weights_["a.weight"], LINEAR.initialise(seed)["a.weight"])


def test_a_net_for_other_classes_is_refused():
    X, y = load_digits(return_X_y=True)
    with pytest.raises(NetError, match="gives 3 numbers, the data have 10 classes"):
        NetClassifier(LINEAR).fit(X, y)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"epochs": "3"}, {"batch": 0}])
def test_what_is_no_number_of_epochs_or_rows_is_refused(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` is"):
        NetClassifier(**wrong).fit(*load_iris(return_X_y=True))


def test_a_loss_that_is_not_finite_is_an_error_and_no_classifier():
    with pytest.raises(NetError, match=r"the loss is (nan|inf) at step \d+, in epoch 1"):
        NetClassifier(lr=1e30, epochs=2, random_state=1).fit(*load_iris(return_X_y=True))
