"""Replaying a run that was interrupted: it is interrupted after the same step."""

import signal

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.runs.past import read_epochs
from netdsl.training.runs.replay import replay
from netdsl.training.scores.progress import Silent
from netdsl.training.session import train_net
from netdsl.training.terms import Terms

TEXT = """net Tiny {
  input x: 6x6x1
  d: dense(2, act=softmax)
}
train Tiny {
  data "data.npz" | rescale
  epochs 3
  batch 8
}
"""


class Stopping(Silent):
    def __init__(self, step=0, epoch=0):
        self.at, self.after = step, epoch

    def step(self, epoch, steps, loss):
        if steps == self.at:
            signal.raise_signal(signal.SIGINT)

    def epoch(self, epoch):
        if epoch.number == self.after:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("stop", "steps"), [({"step": 3}, 3), ({"step": 7}, 7), ({"step": 10}, 10), ({"epoch": 2}, 10), ({}, 15)]
)
def test_interrupted_run_is_repeated_to_its_step(tmp_path, monkeypatch, stop, steps):
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", x=np.random.default_rng(0).integers(0, 255, (44, 6, 6), np.uint8), y=np.arange(44) % 2)
    done = train_net(parse(TEXT), out=tmp_path / "run", terms=Terms(progress=Stopping(**stop)))
    assert done.steps == steps
    found = replay(tmp_path / "run")
    assert (found.steps, found.differences) == (steps, ())


def test_replay_that_is_interrupted_ends(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", x=np.zeros((44, 6, 6), np.uint8), y=np.arange(44) % 2)
    train_net(parse(TEXT), out=tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        replay(tmp_path / "run", progress=Stopping(step=4))


@pytest.mark.parametrize("name", ["metrics.csv", "metrics.jsonl"])
def test_metrics_that_are_no_text_are_refused_before_the_training(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", x=np.zeros((44, 6, 6), np.uint8), y=np.arange(44) % 2)
    train_net(parse(TEXT), out=tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(b"a\xff\n")
    with pytest.raises(NetError, match=rf"N551.*{name}`: byte 1 is not UTF-8"):
        replay(tmp_path / "run", progress=Stopping(step=1))


def test_metrics_with_an_endless_cell_are_refused(tmp_path):
    (tmp_path / "metrics.csv").write_text(f"epoch\n{'1' * 200_000}\n")
    with pytest.raises(NetError, match=r"N551.*is not CSV: field larger"):
        read_epochs(tmp_path)
