"""A small net with its data, and programs that run it in NumPy, so that these tests need no compiled engine."""

import os
import signal

import numpy as np
import pytest

from netdsl.compiler.lower import lower
from netdsl.data.dataset import Dataset
from netdsl.graph.weights import Weights
from netdsl.language.load import parse
from netdsl.reference import run_ops
from netdsl.training.block.settings import read_settings
from netdsl.training.loop import prepare
from netdsl.training.programs import Programs, update_for
from netdsl.training.scores.progress import Silent

TEXT = """net Tiny(classes=2) {
  input image: 4x4x1
  d: dense(classes, act=softmax)
}
train Tiny {
  data       toy | pad(1) | rescale
  optimizer  sgd(lr=0.5, momentum=0.5)
  epochs     3
  batch      4
  seed       1
  validation 0.2
}
"""


class AtStep(Silent):
    """Does something after a step."""

    def __init__(self, at, action):
        self.at, self.action = at, action

    def step(self, epoch, steps, loss):
        if steps == self.at:
            self.action()


class StopAt(AtStep):
    """Sends the process a signal after a step."""

    def __init__(self, at):
        super().__init__(at, lambda: os.kill(os.getpid(), signal.SIGTERM))


class ReferenceProgram:
    """What `compile` returns, run by the reference."""

    def __init__(self, net, weights, **rest):
        self.program = lower(net, training="loss" in rest, **rest)
        self.weights = weights
        self.calls = []
        for value in self.program.values.values():
            if value.role == "state" and value.name not in weights:
                weights.add(value.name, np.zeros(value.shape, np.float32))

    def __call__(self, x):
        given = x if isinstance(x, dict) else {next(iter(self.program.inputs)): x}
        return next(iter(self._run(given).values()))

    def step(self, arrays, **scalars):
        self.calls.append(scalars)
        return self._run(dict(arrays) | scalars)

    def _run(self, given):
        done = run_ops(self.program, {name: self.weights[name] for name in self.weights} | given)
        for name, array in done.assigned.items():
            self.weights[name] = array
        return {name: done[name] for name in self.program.outputs}


def reference_programs(task, start=None):
    net = task.net
    weights = start or Weights(
        {name: np.random.default_rng(0).normal(0, 0.1, p.shape) for name, p in net.tensors.items()}
    )
    learning = ReferenceProgram(
        net, weights, wrt=list(net.tensors), loss=task.objective.lower, update=update_for(net, task.settings)
    )
    measured = Weights(dict(weights)) if task.settings.ema else weights
    return Programs(learning, ReferenceProgram(net, measured) if task.validation else None)


def toy(count=20, size=2):
    """Dark images of class 0 and bright ones of class 1, in turn."""
    labels = np.arange(count) % 2
    noise = np.random.default_rng(0).integers(0, 60, (count, size, size, 1))
    return Dataset((noise + 190 * labels[:, None, None, None]).astype(np.uint8), labels, ("dark", "bright"), "toy")


def tiny_task(text=TEXT, data=None):
    net = parse(text)
    return prepare(net, read_settings(net.settings), data or toy())


@pytest.fixture
def task():
    return tiny_task()
