import numpy as np

from netdsl.ops.op import BATCH, KINDS, Build
from netdsl.reference import run_ops


def test_rows_sum_to_one_at_large_logits():
    y = KINDS["softmax"].run({}, np.float32([[1e4, 0, -1e4], [0, 0, 0]]))[0]
    np.testing.assert_allclose(y, [[1, 0, 0], [1 / 3] * 3], rtol=1e-6)


def test_cross_entropy_is_minus_the_logarithm_of_the_right_class():
    x = np.log([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])
    loss = KINDS["softmax_xent"].run({}, x, np.int32([1, 2]))[0]
    np.testing.assert_allclose(loss, [-np.log(0.25), -np.log(0.7)])


def test_cross_entropy_stays_finite_at_large_logits():
    assert KINDS["softmax_xent"].run({}, np.float32([[1e4, -1e4]]), np.int32([1]))[0].tolist() == [2e4]


def test_a_label_that_is_no_class_gives_nan():
    loss = KINDS["softmax_xent"].run({}, np.zeros((3, 2)), np.int32([2, -1, 0]))[0]
    assert np.isnan(loss).tolist() == [True, True, False]


def test_gradient_of_cross_entropy_is_what_the_right_class_lacks():
    dx = KINDS["softmax_xent_dx"].run({}, np.zeros((1, 4)), np.int32([2]), np.array([2.0]))[0]
    assert dx.tolist() == [[0.5, 0.5, -1.5, 0.5]]


def test_gradient_of_softmax(check_gradients):
    check_gradients(lambda b, x: b.add("softmax", x), (BATCH, 3, 4))


def test_gradient_of_softmax_dx(check_gradients):
    check_gradients(lambda b, y, dy: b.add("softmax_dx", y, dy), (BATCH, 4), (BATCH, 4))


def test_gradient_of_cross_entropy(check_gradients):
    check_gradients(lambda b, x: b.add("softmax_xent", x, b.const(np.int32([1, 3, 0]))), (3, 4))


def test_gradient_of_the_gradient_of_cross_entropy(check_gradients):
    check_gradients(lambda b, x, d: b.add("softmax_xent_dx", x, b.const(np.int32([1, 3, 0])), d), (3, 4), (3,))


def test_labels_of_a_map_give_a_loss_for_each_pixel():
    b = Build()
    x, labels = b.input("x", (BATCH, 2, 2, 3)), b.input("labels", (BATCH, 2, 2), "i32")
    b.outputs["y"] = b.add("softmax_xent", x, labels).id
    run = run_ops(b.finish(), {"x": np.zeros((1, 2, 2, 3)), "labels": np.ones((1, 2, 2))})
    np.testing.assert_allclose(run["y"], np.full((1, 2, 2), np.log(3)), rtol=1e-6)
