"""Training on the engine: the reference's numbers, and the same bits whatever the threads."""

import numpy as np
import pytest

from netdsl.data.dataset import Dataset
from netdsl.data.open import open_data
from netdsl.language.load import load
from netdsl.training import loop
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.memory import bytes_beside
from netdsl.training.programs import compiled

from .conftest import reference_programs


def lenet(*overrides):
    net = load("lenet5")
    settings = read_settings(net.settings, [line for text in overrides for line in parse_override(text)])
    data = open_data("fashion_mnist").train
    few = Dataset(data.images[:200], data.labels[:200], data.classes, data.name)
    return loop.prepare(net, settings, few)


OPTIMISERS = ["sgd(lr=0.1)", "sgd(lr=0.1, momentum=0.9, nesterov=true)", "adam"]
CASES = [
    (f"optimizer={o}", f"loss={loss}") for o in OPTIMISERS for loss in ("cross_entropy", "mse", "binary_cross_entropy")
]
CASES += [(f"optimizer={o}",) for o in ("adamw", "rmsprop(momentum=0.9, centered=true)", "adagrad", "adadelta")]
CASES += [(text,) for text in ("loss=cross_entropy(smoothing=0.1)", "loss=hinge", "clip=norm(0.1)", "clip=value(1e-3)")]
TOGETHER = ("clip=norm(0.1)", "accumulate=2", "ema=0.9", "on_nan=skip", "optimizer=adamw", "schedule=plateau")


@pytest.mark.parametrize("overrides", [*CASES, TOGETHER], ids=" ".join)
def test_three_steps_of_lenet5_are_those_of_the_reference(overrides):
    task = lenet(*overrides, "batch=32", "steps=3")
    start = task.net.initialise(1)
    engine = loop.train(task, compiled(task, threads=1)).weights
    reference = loop.train(task, reference_programs(task, task.net.initialise(1))).weights
    for name in task.net.tensors:
        change, expected = engine[name] - start[name], reference[name] - start[name]
        assert np.linalg.norm(change - expected) <= 1e-3 * np.linalg.norm(expected), name


@pytest.mark.parametrize("overrides", [(), TOGETHER], ids=["plain", "together"])
def test_threads_and_repetition_do_not_change_the_bits(overrides, tmp_path):
    files = []
    for number, threads in enumerate((1, 2, 3, 1)):
        folder = tmp_path / str(number)
        folder.mkdir()
        task = lenet("epochs=2", "batch=64", *overrides)
        loop.train(task, compiled(task, threads=threads), folder=folder)
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert all(found == files[0] for found in files)


def test_less_memory_does_not_change_the_bits():
    task = lenet("batch=64", "steps=3")
    whole = compiled(task)
    needed = whole.learning.plan.bytes + bytes_beside(whole.measuring.plan)
    less = compiled(task, memory=int(0.97 * needed))
    assert less.learning.plan.bytes + bytes_beside(less.measuring.plan) <= 0.97 * needed
    first, second = (loop.train(task, programs).weights for programs in (whole, less))
    assert all(np.array_equal(first[name], second[name]) for name in first)
