"""Geometric augmentations: what one drawn number does to pixels, masks move alike, and chains are one resampling."""

import numpy as np
import pytest

from netdsl.data.augment.affine import move, move_masks
from netdsl.data.augment.base import identities
from netdsl.data.augment.policy import Augment, make_augmentation
from netdsl.data.draws import Draws

IMAGE = np.arange(1, 13, dtype=np.uint8).reshape(1, 3, 4, 1)


class Drawn:
    """Numbers that a test chooses, in place of drawn ones: `of` in [0, 1)."""

    def __init__(self, *of):
        self.of = of
        self.indices = np.zeros(1, int)

    def at(self, place):
        return self

    def uniform(self, count=1):
        return np.array([self.of[:count]], float)

    def between(self, low, high, count=1):
        return low + (high - low) * self.uniform(count)


def changed(name, *arguments, of, image=IMAGE, masks=None, **keywords):
    """The image, and the masks if there are some, after one call with these numbers drawn."""
    moved, moved_masks = Augment((make_augmentation(name, arguments, keywords),)).change(image, masks, Drawn(*of))
    return moved[0, :, :, 0].tolist() if masks is None else (moved[0, :, :, 0].tolist(), moved_masks[0].tolist())


def test_half_of_the_images_are_flipped():
    assert changed("flip", "horizontal", of=(0.0, 0.4)) == IMAGE[0, :, ::-1, 0].tolist()
    assert changed("flip", "horizontal", of=(0.0, 0.6)) == IMAGE[0, :, :, 0].tolist()
    assert changed("flip", "vertical", of=(0.4, 0.0)) == IMAGE[0, ::-1, :, 0].tolist()
    assert changed("flip", "both", of=(0.4, 0.4)) == IMAGE[0, ::-1, ::-1, 0].tolist()


@pytest.mark.parametrize(
    ("of", "rows"),
    [
        ((0.0, 0.0), [[0, 0, 0], [0, 1, 2], [0, 5, 6]]),
        ((0.999, 0.999), [[7, 8, 0], [11, 12, 0], [0, 0, 0]]),
        ((0.34, 0.5), [[2, 3, 4], [6, 7, 8], [10, 11, 12]]),
    ],
)
def test_crop_takes_every_place_of_the_padded_image(of, rows):
    assert changed("crop", 3, of=of, pad=1) == rows


def test_whole_moves_keep_the_type():
    augment = Augment((make_augmentation("flip"), make_augmentation("crop", (2,))))
    assert augment.change(IMAGE, None, Draws(1, 1, np.arange(1)))[0].dtype == np.uint8


def test_shift_moves_by_a_share_of_the_side():
    # 0.5 of the way from -1/4 to 1/4 is no shift, its end one pixel of four
    assert changed("shift", 0.25, of=(0.5, 1.0)) == [[2, 3, 4, 0], [6, 7, 8, 0], [10, 11, 12, 0]]
    assert changed("shift", 0.25, of=(0.5, 0.75))[0] == [1.5, 2.5, 3.5, 2]


def test_quarter_turn_takes_rows_to_columns():
    square = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    turned = np.array(changed("rotate", 90, of=(1.0,), image=square))
    assert np.allclose(turned, np.rot90(square[0, :, :, 0])) or np.allclose(turned, np.rot90(square[0, :, :, 0], -1))


def test_turn_and_turn_back_is_no_turn():
    there, back = (make_augmentation("rotate", (90,)).matrices((3, 3, 1), Drawn(share)) for share in (0.9, 0.1))
    assert np.allclose(there @ back, identities(1))


def test_zoom_by_two_repeats_the_middle():
    image = np.array([[0, 0, 0, 0], [0, 8, 4, 0], [0, 8, 4, 0], [0, 0, 0, 0]], np.float32).reshape(1, 4, 4, 1)
    matrices = identities(1)
    matrices[:, :2, :2] *= 0.5
    assert move(image, matrices, (4, 4))[0, 1, :, 0].tolist() == [6, 7, 5, 3]  # ¼ and ¾ between the pixels, all along


def test_shear_moves_rows_by_their_distance_from_the_middle():
    image = np.zeros((1, 3, 5, 1), np.float32)
    image[:, :, 2] = 1
    assert np.array(changed("shear", 1, of=(1.0,), image=image)).argmax(axis=1).tolist() == [3, 2, 1]


def test_constant_image_stays_constant_inside():
    augment = Augment(
        tuple(make_augmentation(name, (n,)) for name, n in (("rotate", 20), ("shear", 0.2), ("zoom", 0.1)))
    )
    moved, _ = augment.change(np.full((8, 21, 21, 3), 200, np.uint8), None, Draws(1, 1, np.arange(8)))
    assert np.allclose(moved[:, 8:13, 8:13], 200)


def test_a_chain_is_the_product_of_its_matrices():
    """A shift by two pixels and one back leave nothing lost at the edge, as two resamplings would."""
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    there, back = identities(1), identities(1)
    there[:, 1, 2], back[:, 1, 2] = 2, -2
    assert move(image, there @ back, (4, 4)).tolist() == image.tolist()


@pytest.mark.parametrize(
    "call", [("flip", ("both",)), ("crop", (3,)), ("rotate", (40,)), ("shift", (0.4,)), ("zoom", (0.4,))]
)
def test_masks_move_as_images_do(call):
    masks = np.kron(np.array([[1, 2], [3, 4]]), np.ones((8, 8), int))[None].repeat(6, 0)
    images = (masks[..., None] * 50).astype(np.float32)
    moved, classes = Augment((make_augmentation(*call),)).change(images, masks, Draws(3, 1, np.arange(6)))
    inner = np.isin(moved[..., 0], (0, 50, 100, 150, 200))  # not between two pixels
    assert inner.mean() > 0.5
    assert (moved[..., 0][inner] == 50 * classes[inner]).all()


def test_an_image_alone_and_among_others_gets_the_same_bits():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (40, 50, 60, 3)).astype(np.uint8)
    chain = [("flip", ()), ("crop", (48,)), ("rotate", (10,)), ("shift", (0.1,)), ("shear", (0.2,)), ("zoom", (0.2,))]
    augment = Augment(tuple(make_augmentation(*call) for call in (*chain, ("color", (0.4,)))))
    together, _ = augment.change(images, None, Draws(1, 2, np.arange(40)))
    alone, _ = augment.change(images[7:8], None, Draws(1, 2, np.array([7])))
    assert alone.tobytes() == together[7:8].tobytes()


def test_masks_on_whole_moves_are_exact():
    masks = np.arange(12).reshape(1, 3, 4)
    matrices = identities(1)
    matrices[:, 1, 1] = -1
    assert move_masks(masks, matrices, (3, 4)).tolist() == masks[:, :, ::-1].tolist()
