"""Samples that are changed while a net is trained: a function of seed, epoch and index, whatever the threads."""

import numpy as np
import pytest

from netdsl.data.augment.policy import Augment, make_augmentation
from netdsl.data.pipeline import Pipeline
from netdsl.data.steps import make_step
from netdsl.training.batches import Prepared, order
from netdsl.training.live import Live

AUGMENT = Augment(
    (
        make_augmentation("crop", (6,), {"pad": 2}),
        make_augmentation("rotate", (20,)),
        make_augmentation("color", (0.4,)),
    )
)
PIPELINE = Pipeline((make_step("pad", (1,)), make_step("rescale")))


def live(count=20, *, augment=AUGMENT, threads=2, labels=None, classes=3):
    images = np.random.default_rng(1).integers(0, 256, (count, 6, 6, 3)).astype(np.uint8)
    labels = np.arange(count) % 3 if labels is None else labels
    return Live(images, np.arange(count), labels, PIPELINE, augment, seed=5, classes=classes, threads=threads)


def everything(samples, *, epoch=1, size=4, indices=None):
    indices = order(len(samples), 1, epoch) if indices is None else indices
    return [tuple(part.tobytes() for part in batch) for batch in samples.batches(size, indices, epoch=epoch)]


def test_threads_do_not_change_the_bits():
    assert everything(live(threads=0)) == everything(live(threads=1)) == everything(live(threads=5))


def test_an_epoch_is_taken_up_in_its_middle():
    indices = order(20, 1, 3)
    assert everything(live(), epoch=3, indices=indices)[2:] == everything(live(), epoch=3, indices=indices[8:])


def test_epochs_differ():
    indices = np.arange(20)
    assert everything(live(), epoch=1, indices=indices) != everything(live(), epoch=2, indices=indices)


def test_an_epoch_is_made_in_the_memory_of_the_one_before_unless_that_was_broken_off():
    samples = live()
    places = [{batch[0].ctypes.data for batch in samples.batches(4, np.arange(20), epoch=i)} for i in (1, 2)]
    assert places[0] == places[1]
    next(iter(samples.batches(4, np.arange(20), epoch=3)))
    assert not samples.spare


def test_without_augmentation_the_bits_are_those_of_prepared_samples():
    plain = live(augment=Augment())
    prepared = Prepared(PIPELINE.apply(plain.images), plain.labels)
    assert everything(plain) == everything(prepared)


def test_masks_are_moved_and_prepared_with_their_images():
    masks = np.random.default_rng(2).integers(0, 2, (20, 6, 6))
    samples = live(
        augment=Augment((make_augmentation("flip", ("both",)), make_augmentation("crop", (6,), {"pad": 3}))),
        labels=masks,
    )
    samples = Live(masks[..., None].astype(np.uint8) * 255, np.arange(20), masks, PIPELINE, samples.augment, 1, 2, 2)
    for images, labels, targets in samples.batches(8, np.arange(20), epoch=1):
        assert (images[..., 0] == labels).all()
        assert targets is labels


def test_mixup_blends_targets_and_keeps_labels():
    samples = live(augment=Augment((make_augmentation("mixup", (1.0,)),)))
    (images, labels, targets), *_ = samples.batches(20, np.arange(20), epoch=1)
    assert labels.tolist() == (np.arange(20) % 3).tolist()
    assert np.allclose(targets.sum(axis=1), 1)
    assert (targets.argmax(axis=1) == labels).all()
    share = 1 - targets[0, 0]
    plain = PIPELINE.apply(samples.images)
    assert np.allclose(images[0], (1 - share) * plain[0] + share * plain[1], atol=1e-6)


def test_numbers_to_learn_are_blended_as_they_are():
    numbers = np.arange(20, dtype=np.float32)[:, None]
    samples = live(augment=Augment((make_augmentation("mixup", (1.0,)),)), labels=numbers, classes=0)
    _, _, targets = next(iter(samples.batches(20, np.arange(20), epoch=1)))
    assert ((numbers <= targets) & (targets <= numbers + 0.5))[:-1].all()


@pytest.mark.parametrize("threads", [0, 2])
def test_seconds_of_waiting_are_counted(threads):
    feed = live(threads=threads).batches(4, np.arange(20), epoch=1)
    assert feed.waited == 0
    list(feed)
    assert feed.waited > 0


@pytest.mark.parametrize("threads", [0, 2])
def test_memory_is_used_again_when_no_one_needs_what_is_in_it(threads):
    given = [images for images, *_ in live(threads=threads).batches(2, np.arange(20), epoch=1)]
    assert np.shares_memory(given[0], given[threads + 2])
    assert not any(np.shares_memory(given[0], images) for images in given[1 : threads + 2])
