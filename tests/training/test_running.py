"""What becomes of a step that is not finite."""

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training import loop
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.keeping.checkpoint import latest
from netdsl.training.keeping.save_every import SaveEvery
from netdsl.training.not_finite import first_not_finite
from netdsl.training.programs import compiled
from netdsl.training.scores.progress import Silent

from .conftest import toy

TEXT = """net Deep(classes=2) {
  input image: 4x4x1
  one: dense(8); relu
  two: dense(8); relu
  three: dense(classes, act=softmax)
}
train Deep {
  data       toy | pad(1) | rescale
  optimizer  sgd(lr=0.1, momentum=0.5)
  epochs     3
  batch      4
  validation 0.2
}
"""


class Spoil(Silent):
    """Brings a number that is not finite into a tensor after a step, as often as that step is done, up to `times`."""

    def __init__(self, at, weights, *, times=99, name="two.bias"):
        self.at, self.weights, self.times, self.name, self.words = at, weights, times, name, []

    def step(self, epoch, steps, loss):
        if steps == self.at and self.times:
            self.times -= 1
            self.weights[self.name] = np.full(self.weights.shape(self.name), np.nan)

    def note(self, words):
        self.words.append(words)


def told(on_nan):
    net = parse(TEXT)
    return loop.prepare(net, read_settings(net.settings, parse_override(f"on_nan={on_nan}")), toy())


@pytest.fixture
def task():
    return told("stop")


def run(folder, on_nan, **spoil):
    task = told(on_nan)
    programs = compiled(task)
    progress = Spoil(weights=programs.weights, **spoil)
    done = loop.train(task, programs, folder=folder, progress=progress)
    return done, progress.words


def test_the_first_step_that_leaves_the_finite_numbers_is_named(tmp_path):
    with pytest.raises(NetError) as caught:
        run(tmp_path, "stop", at=6)
    assert "`two.bias` is not finite at step 6, in epoch 2: layers and gradients are finite" in str(caught.value)
    assert "the checkpoint of step 4 is kept" in str(caught.value)


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    with pytest.raises(NetError, match=r"`two.bias` is not finite at step 8, in epoch 2"):
        run(tmp_path, "stop", at=8)
    assert latest(tmp_path)[0].state.step == 4


def test_without_a_folder_there_is_nothing_to_go_back_to():
    with pytest.raises(NetError, match="the loss is nan at step 7, in epoch 2: there are no weights to keep"):
        run(None, "rollback", at=6)


STEEP = """net Line {
  input image: 4x4x1
  dense(2)
}
train Line {
  data       toy | pad(1) | rescale
  loss       mse
  optimizer  sgd(lr=1e5)
  epochs     1
  batch      2
  on_nan     rollback
}
"""


def test_when_checkpoints_were_written_does_not_change_what_is_rolled_back(tmp_path):
    net, found = parse(STEEP), []
    task = loop.prepare(net, read_settings(net.settings), toy())
    for every in (SaveEvery(), SaveEvery(1, None), SaveEvery(3, None)):
        folder = tmp_path / str(every.steps)
        folder.mkdir()
        done = loop.train(task, compiled(task), folder=folder, every=every)
        found.append((done.steps, latest(folder)[0].state.halved, done.weights["dense_1.weight"].tobytes()))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == 9 and found[0][1][0] == 1


def test_after_twenty_such_steps_it_stops(tmp_path):
    with pytest.raises(NetError, match=r"`two.bias` is not finite at step 6"):
        run(tmp_path, "rollback", at=6)
    assert latest(tmp_path)[0].state.step == 4


def test_data_that_are_not_finite_are_named(task):
    images = task.train.images[:4].copy()
    images[2, 1, 1] = np.inf
    inputs = {"image": images, **task.objective.feed(task.train.labels[:4])}
    words = first_not_finite(task, task.net.initialise(1), inputs, {"step": 1, "seed": 1})
    assert words == "`image` is inf for image 3 of the batch: the data hold it"


def test_a_gradient_that_overflows_is_named_from_the_loss_back(task):
    weights = task.net.initialise(1)
    for name, size in {"one.weight": 1e-35, "two.weight": 1e3}.items():
        weights[name] = np.full(weights.shape(name), size)
    weights["three.weight"] = np.float32(1e38) * np.array([[1, -1]] * 8)
    inputs = {"image": task.train.images[:4], **task.objective.feed(task.train.labels[:4])}
    words = first_not_finite(task, weights, inputs, {"step": 1, "seed": 1})
    assert words.startswith("the first gradient that is not finite, from the loss back, is that of `one.")
