"""Trainings on augmented images, on masks, and with a part of the data to validate on."""

import numpy as np
import pytest

from netdsl.data.dataset import Dataset
from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.batches import Prepared
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.live import Live
from netdsl.training.loop import prepare, train

from .conftest import TEXT, reference_programs, toy

AUGMENT = "augment flip(both) | crop(2, pad=1) | color(0.4)\n  data "
MASKS = """net Pixels {
  input image: 6x6x1
  conv(2, 3x3, pad=1, act=softmax)
}
train Pixels { data toy | pad(1) | rescale; augment flip(both) | shift(0.2); epochs 8; batch 4; optimizer sgd(lr=3) }
"""


def task_of(text, data=None, *overrides, validation=None):
    net = parse(text)
    settings = read_settings(net.settings, [one for given in overrides for one in parse_override(given)])
    return prepare(net, settings, data or toy(), validation)


def trained(task):
    done = train(task, reference_programs(task))
    return {name: done.weights[name].tobytes() for name in task.net.tensors}, [epoch.scores() for epoch in done.epochs]


def test_augmented_training_repeats_itself_and_differs_from_the_plain_one():
    augmented = TEXT.replace("data ", AUGMENT)
    weights, scores = trained(task_of(augmented))
    assert (weights, scores) == trained(task_of(augmented))
    assert weights != trained(task_of(TEXT))[0]


def test_augment_none_gives_the_bits_of_no_augmentation():
    task = task_of(TEXT.replace("data ", AUGMENT), None, "augment=none")
    assert isinstance(task.train, Prepared)
    assert trained(task) == trained(task_of(TEXT))


def test_only_what_is_trained_on_is_augmented():
    task = task_of(TEXT.replace("data ", AUGMENT))
    assert isinstance(task.train, Live)
    assert isinstance(task.validation, Prepared)


def test_settings_write_the_chain():
    texts = task_of(TEXT.replace("data ", AUGMENT)).settings.texts()
    assert texts["augment"] == "flip(both) | crop(2x2, pad=1) | color(0.4)"
    assert "augment" not in task_of(TEXT).settings.texts()


def test_part_to_validate_on_is_taken_in_place_of_a_share():
    task = task_of(TEXT, toy(20), validation=toy(6))
    assert (len(task.train), len(task.validation)) == (20, 6)
    assert task.validation.images.tobytes() == task.pipeline.apply(toy(6).images).tobytes()


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "cross_entropy(smoothing=0.1)"])
def test_mixup_learns_from_blends(loss):
    text = TEXT.replace("data ", f"loss {loss}\n  augment mixup(1.0)\n  data ").replace("epochs     3", "epochs     8")
    _, scores = trained(task_of(text))
    assert scores[-1]["val_accuracy"] == 1


def test_maps_learn_from_masks_that_are_moved_and_padded():
    rng = np.random.default_rng(1)
    masks = rng.integers(0, 2, (20, 4, 4))
    images = (masks[..., None] * 200 + rng.integers(0, 50, (20, 4, 4, 1))).astype(np.uint8)
    data = Dataset(images, masks, ("dark", "bright"), "toy")
    _, scores = trained(task_of(MASKS, data))
    assert scores[-1]["val_accuracy"] > 0.95


@pytest.mark.parametrize(
    ("augment", "code", "words"),
    [
        ("flop", "N614", "no augmentation is called `flop`"),
        ("crop(2, pad=x)", "N615", "`pad` of `crop`"),
        ("2", "N507", "a chain such as"),
        ("crop(3, pad=1)", "N615", "`toy` is 2x2x1, `augment` makes it 3x3x1 and the preparation 5x5x1, but the input"),
        ("crop(9)", "N615", "`crop(9x9, pad=0)` finds an image of 2x2x1, which is smaller"),
    ],
)
def test_chains_that_cannot_be_are_refused(augment, code, words):
    with pytest.raises(NetError) as caught:
        task_of(TEXT, None, f"augment={augment}")
    assert caught.value.code == code
    assert words in str(caught.value)
