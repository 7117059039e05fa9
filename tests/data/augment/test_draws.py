"""Random numbers are a function of seed, epoch, index and place, and of no more."""

import numpy as np

from netdsl.data.draws import Draws


def numbers(indices, *, seed=1, epoch=1, place="0 flip", count=2):
    return Draws(seed, epoch, np.array(indices)).at(place).uniform(count)


def test_a_sample_has_its_numbers_whatever_stands_beside_it():
    assert numbers([7, 3, 5])[1].tolist() == numbers([3])[0].tolist()


def test_seed_epoch_index_and_place_give_other_numbers():
    others = [numbers([3]), numbers([3], seed=2), numbers([3], epoch=2), numbers([4]), numbers([3], place="1 flip")]
    assert len({other.tobytes() for other in others}) == 5


def test_more_numbers_begin_with_the_fewer():
    assert numbers([3], count=6)[0, :2].tolist() == numbers([3])[0].tolist()


def test_numbers_are_spread_evenly_from_0_to_1():
    found = numbers(np.arange(20000), count=4)
    counts, _ = np.histogram(found, 10, (0, 1))
    assert abs(counts / found.size - 0.1).max() < 0.005
    assert 0 <= found.min() < found.max() < 1


def test_the_first_numbers_are_these_for_ever():
    assert (numbers([0, 1], count=2) * 2**32).astype(int).tolist() == [
        [3861027315, 238247175],
        [2874978455, 1403070587],
    ]
