"""Labels of several outputs while images are changed at random: masks are moved, and all are blended alike."""

import numpy as np

from netdsl.data.augment.policy import Augment, make_augmentation
from netdsl.data.pipeline import Pipeline
from netdsl.data.steps import make_step
from netdsl.training.live import Aim, Live

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (12, 6, 6, 1)).astype(np.uint8)
MASKS = (IMAGES[..., 0] > 128).astype(np.int64)
LABELS = np.arange(12) % 3
PIPELINE = Pipeline((make_step("pad", (1,)),))
FLIPS = Augment((make_augmentation("flip", ("both",)), make_augmentation("rotate", (20,))))
MIXUP = Augment((*FLIPS.chain, make_augmentation("mixup", (1.0,))))


def batch(labels, augment, **rest):
    live = Live(IMAGES, np.arange(12), labels, PIPELINE, augment, 3, threads=2, **rest)
    return next(iter(live.batches(12, np.arange(12), epoch=1)))


def test_masks_of_a_second_output_move_with_their_images():
    images, labels, _ = batch(LABELS, FLIPS, beside={"mask": Aim(MASKS, 2)})
    alone, masks, _ = batch(MASKS, FLIPS)
    np.testing.assert_array_equal(images, alone)
    np.testing.assert_array_equal(labels["mask"], masks)
    np.testing.assert_array_equal(labels[""], LABELS)


def test_masks_of_a_second_output_are_cut_to_it():
    _, labels, _ = batch(LABELS, FLIPS, beside={"mask": Aim(MASKS, 2, (4, 4))})
    np.testing.assert_array_equal(labels["mask"], batch(MASKS, FLIPS)[1][:, 2:6, 2:6])


def test_what_is_right_is_blended_for_each_output_as_for_one():
    numbers = RANDOM.normal(size=(12, 4)).astype(np.float32)
    beside = {"mask": Aim(MASKS, 2), "box": Aim(numbers, 4)}
    images, labels, targets = batch(LABELS, MIXUP, classes=3, beside=beside)
    for name, alone in (("", batch(LABELS, MIXUP, classes=3)), ("mask", batch(MASKS, MIXUP, classes=2))):
        np.testing.assert_array_equal(images, alone[0])
        np.testing.assert_array_equal(targets[name], alone[2])
    np.testing.assert_array_equal(targets["box"], batch(numbers, MIXUP)[2])
    np.testing.assert_array_equal(labels["box"], numbers)
