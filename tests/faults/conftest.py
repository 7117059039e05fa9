"""A small training that the rows about nights stop, kill and damage, and what it leaves where nothing happens to it."""

import os
import signal
import subprocess
import sys
import time
from hashlib import sha256

import pytest

from netdsl.graph.net import Net
from netdsl.language.load import parse
from netdsl.training.scores.progress import Silent
from netdsl.training.session import train_net

STEPS = 12
TEXT = """net Small(classes=10) {
  input image: 28x28x1
  conv(4, 5x5, stride=4); batchnorm; relu
  dropout(0.2)
  dense(classes, act=softmax)
}
train Small {
  data      fashion_mnist | rescale
  optimizer adam(lr=0.01)
  schedule  cosine(warmup=1)
  batch     1024
  epochs    2
}
"""


class AtStep(Silent):
    """Does something once, after a step."""

    def __init__(self, at, action):
        self.at, self.action = at, action

    def step(self, epoch, steps, loss):
        if steps == self.at:
            self.at = -1
            self.action()


def digests(folder):
    """SHA-256 of what a run must leave, whenever it was stopped: all files but the older checkpoint."""
    older = [f"step-{step}.checkpoint" for step in range(STEPS)]
    found = {path.name: path for path in folder.iterdir() if path.name not in older}
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in found.items()}


def stop(number=signal.SIGTERM):
    """What a user, a shell or a batch system sends."""
    os.kill(os.getpid(), number)


def command(*arguments, **how):
    """`netdsl train` in a process of its own."""
    words = [sys.executable, "-P", "-m", "netdsl", "train", "--no-report", *map(str, arguments)]
    return subprocess.Popen(words, **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, **how})


def started(folder):
    """A long training in a process of its own, which has saved inside its first epochs."""
    run = command(folder.parent / "small.net", "--epochs", 10_000, "--save-every", 5, "--out", folder)
    while not any(path.name != "step-0.checkpoint" for path in folder.glob("step-*")):
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.01)
    return run


@pytest.fixture(scope="session")
def net() -> Net:
    return parse(TEXT)


@pytest.fixture(scope="session")
def calm(net, tmp_path_factory):
    """What the run leaves that nothing happened to."""
    folder = tmp_path_factory.mktemp("runs") / "calm"
    train_net(net, out=folder)
    return digests(folder)


@pytest.fixture
def folder(tmp_path):
    """Where a run may go; the file of its net lies beside it."""
    (tmp_path / "small.net").write_text(TEXT)
    return tmp_path / "run"
