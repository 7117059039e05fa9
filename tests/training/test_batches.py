"""The order of an epoch is a function of seed and epoch, and every image is seen once."""

import numpy as np

from netdsl.training.batches import Prepared, hold_out, order


def test_an_order_is_a_permutation():
    assert sorted(order(1000, 1, 1)) == list(range(1000))


def test_the_first_of_an_order_are_these_for_ever():
    assert order(10, 1, 1).tolist() == [0, 6, 5, 3, 4, 9, 7, 8, 2, 1]


def test_seed_and_epoch_change_the_order():
    one = order(100, 1, 1).tolist()
    assert one == order(100, 1, 1).tolist()
    assert one != order(100, 1, 2).tolist()
    assert one != order(100, 2, 1).tolist()


def test_a_tenth_is_held_out():
    train, held = hold_out(50, 0.1, 3)
    assert (len(train), len(held)) == (45, 5)
    assert sorted([*train, *held]) == list(range(50))


def test_something_is_left_to_train_on():
    assert len(hold_out(1, 0.9, 1)[0]) == 1


def test_batches_follow_the_order_and_the_last_is_smaller():
    images = np.arange(5, dtype=np.float32).reshape(5, 1, 1, 1)
    labels = np.arange(5)
    samples = Prepared(images, labels)
    seen = [(x.ravel().tolist(), y.tolist()) for x, y, _ in samples.batches(2, np.array([4, 0, 3, 1, 2]))]
    assert [x for x, _ in seen] == [[4, 0], [3, 1], [2]]
    assert all(x == y for x, y in seen)
