"""Colours, missing squares, blends; calls and their mistakes; what shapes come out."""

import numpy as np
import pytest

from netdsl.data.augment.color import Color
from netdsl.data.augment.cutout import Cutout
from netdsl.data.augment.mixup import Mixup, lesser_shares
from netdsl.data.augment.policy import FAMILIES, Augment, make_augmentation
from netdsl.data.draws import Draws
from netdsl.errors import Fault


class Drawn:
    """Numbers that a test chooses, in place of drawn ones."""

    def __init__(self, *of):
        self.of = np.array(of, float)

    def uniform(self, count=1):
        return self.of[:, :count]

    def between(self, low, high, count=1):
        return low + (high - low) * self.uniform(count)


def test_brightness_contrast_and_saturation_are_drawn():
    image = np.array([100, 50, 0, 0, 50, 100], np.float32).reshape(1, 1, 2, 3)
    assert np.allclose(Color(0.5).recolour(image, Drawn([1.0, 0.5, 0.5])), 1.5 * image)
    grey = image @ np.array([0.299, 0.587, 0.114], np.float32)
    assert np.allclose(Color(1.0).recolour(image, Drawn([0.5, 0.5, 0.0])), grey[..., None])
    assert np.allclose(Color(1.0).recolour(image, Drawn([0.5, 0.0, 0.5])), grey.mean())


def test_grey_images_have_no_saturation():
    image = np.array([100, 50], np.float32).reshape(1, 1, 2, 1)
    assert np.allclose(Color(1.0).recolour(image, Drawn([0.5, 0.75, 0.9])), 75 + 1.5 * (image - 75))


def test_bytes_stay_from_0_to_255():
    augment = Augment((Color(1.0),))
    images = np.random.default_rng(1).integers(0, 256, (20, 4, 4, 3)).astype(np.uint8)
    changed, _ = augment.change(images, None, Draws(1, 1, np.arange(20)))
    assert 0 == changed.min() < changed.max() == 255


@pytest.mark.parametrize(("of", "rows", "columns"), [((0.0, 0.0), (0, 1), (0, 1)), ((0.5, 0.9), (1, 3), (3, 5))])
def test_cutout_takes_a_square_about_a_pixel_cut_off_at_the_edge(of, rows, columns):
    image, _ = Cutout(2).mix(np.ones((1, 4, 5, 1), np.float32), np.zeros(1), Drawn(of))
    missing = np.argwhere(image[0, :, :, 0] == 0)
    assert (missing.min(0).tolist(), (missing.max(0) + 1).tolist()) == ([rows[0], columns[0]], [rows[1], columns[1]])


def test_mixup_blends_each_image_and_code_with_the_next():
    images = np.array([0, 10, 20], np.float32).reshape(3, 1, 1, 1)
    codes = np.eye(3, dtype=np.float32)
    x, t = Mixup(0.2).mix(images, codes, Drawn([0.0], [1.0], [0.0]))
    assert x.ravel().tolist() == [0, 15, 20]
    assert t.tolist() == [[1, 0, 0], [0, 0.5, 0.5], [0, 0, 1]]


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_have_the_beta_distribution(alpha):
    levels, shares = lesser_shares(alpha)
    drawn = np.interp((np.arange(4000) + 0.5) / 4000, levels, shares)
    other = np.random.default_rng(1).beta(alpha, alpha, 200000)
    assert abs(drawn.mean() - np.minimum(other, 1 - other).mean()) < 0.002


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (("flip",), "flip(horizontal)"),
        (("crop", (28,), {"pad": 4}), "crop(28x28, pad=4)"),
        (("crop", ((20, 24),)), "crop(20x24, pad=0)"),
        (("rotate", (10,)), "rotate(10)"),
        (("cutout",), "cutout(8)"),
        (("mixup", (), {"alpha": 0.4}), "mixup(0.4)"),
    ],
)
def test_calls_make_augmentations_that_write_themselves(call, text):
    assert make_augmentation(*call).text() == text


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (("flop",), "N614", "no augmentation is called `flop`"),
        (("crop",), "N615", "`crop` lacks `size`"),
        (("crop", (0,)), "N615", "`size` of `crop` is 1 to 16384 pixels"),
        (("crop", (28, 4, 1)), "N615", "takes 2 arguments, not 3"),
        (("crop", (28,), {"size": 3}), "N615", "has `size` twice"),
        (("crop", (28,), {"padding": 3}), "N615", "has no `padding`"),
        (
            ("crop", (28,), {"pad": 1.5}),
            "N615",
            "`pad` of `crop` is pixels of zeros on each side, 0 to 16384, not `1.5`",
        ),
        (("flip", ("diagonal",)), "N615", "`way` of `flip` is `horizontal` or `vertical` or `both`, not `diagonal`"),
        (("rotate", (181,)), "N615", "0 to 180, not `181`"),
        (("rotate", ("much",)), "N615", "not `much`"),
        (("zoom", (True,)), "N615", "not `true`"),
        (("shift", (float("nan"),)), "N615", "not `nan`"),
    ],
)
def test_wrong_calls_are_faults(call, code, words):
    with pytest.raises(Fault) as caught:
        make_augmentation(*call)
    assert caught.value.code == code
    assert words in caught.value.message


def test_near_name_is_suggested():
    with pytest.raises(Fault) as caught:
        make_augmentation("colour", (0.4,))
    assert caught.value.help == "did you mean `color`?"


def test_crops_change_the_shape_and_only_images_are_augmented():
    crop = Augment((make_augmentation("crop", (28,), {"pad": 4}),))
    assert crop.out_shape((32, 24, 3)) == (28, 28, 3)
    for shape, words in (((10, 20, 3), "which is smaller"), ((100, 3), "changes images, not 100x3")):
        with pytest.raises(Fault, match=words):
            crop.out_shape(shape)
    assert Augment().out_shape((100, 3)) == (100, 3)


def test_every_family_has_a_file_of_its_name():
    for word, family in FAMILIES.items():
        assert family.__module__ == f"netdsl.data.augment.{word}"


def test_epochs_differ_and_come_again():
    augment = Augment((make_augmentation("crop", (3,), {"pad": 2}),))
    images = np.random.default_rng(1).integers(0, 256, (50, 3, 3, 1)).astype(np.uint8)
    one, two, again = (augment.change(images, None, Draws(1, epoch, np.arange(50)))[0].tobytes() for epoch in (1, 2, 1))
    assert one == again != two
