"""Things are made ahead of time, and come in order."""

import threading
import time

import pytest

from netdsl.data.feed import Feed


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_results_come_in_order(threads):
    def slow_first(i):
        time.sleep(0.02 * (i == 0))
        return i * i

    assert list(Feed(slow_first, range(10), threads=threads)) == [i * i for i in range(10)]


@pytest.mark.parametrize("threads", [0, 2])
def test_an_error_comes_where_its_result_would_have(threads):
    def broken(i):
        if i == 2:
            raise ValueError("two")
        return i

    seen = []
    with pytest.raises(ValueError, match="two"):
        for made in Feed(broken, range(5), threads=threads):
            seen.append(made)
    assert seen == [0, 1]


def test_waiting_is_counted_and_work_beside_it_is_not():
    feed = Feed(lambda i: time.sleep(0.02), range(3))
    for _ in feed:
        time.sleep(0.05)
    assert 0.06 <= feed.waited < 0.15


def test_no_more_is_made_than_is_asked_for_soon():
    made = []
    results = iter(Feed(made.append, range(100), threads=2))
    next(results)
    time.sleep(0.05)
    assert len(made) <= 5
    results.close()


def test_threads_end_with_the_one_who_takes():
    before = threading.active_count()
    for made in Feed(lambda i: i, range(100), threads=4):
        if made == 3:
            break
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.01)
    assert threading.active_count() <= before
