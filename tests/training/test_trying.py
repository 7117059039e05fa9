"""Trying a training out at the command line: what would be trained, which step size, and a few images by heart."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netdsl.cli import main

TEXT = """net Small {
  input image: 28x28x1
  avgpool(4x4)
  out: dense(10, act=softmax)
}
train Small { data fashion_mnist | rescale; optimizer sgd(lr=0.1); epochs 40; batch 64; stop early }
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["train", "small.net", *map(str, arguments)])


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.net").write_text(TEXT)
    return tmp_path


def test_a_dry_run_says_what_would_be_trained_and_writes_nothing(home):
    done = run("--dry-run", "--epochs", 2)
    assert done.exit_code == 0, done.output
    assert "training  2 epochs of 85 batches of 64: 170 steps" in done.stdout
    assert done.stdout.endswith("nothing was written\n")
    assert not (home / "runs").exists()


def test_a_range_test_proposes_a_step_size_and_writes_nothing(home):
    done = run("--lr-find")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].split() == ["lr", "loss"]
    proposed = float(done.stdout.rpartition("optimizer.lr=")[2])
    assert 1e-3 < proposed < 10
    assert not (home / "runs").exists()


def test_a_few_images_are_learned_by_heart_without_validation(home):
    done = run("--overfit", 16, "--out", "here", "--set", "optimizer=adam(lr=0.05)")
    assert done.exit_code == 0, done.output
    last = json.loads((home / "here" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["epoch"] == 40 and "val_loss" not in last
    assert last["accuracy"] > 0.9


def test_a_mistake_is_found_by_a_dry_run():
    done = run("--dry-run", "--set", "stop=early(monitor=val_top5)")
    assert done.exit_code == 1
    assert done.stderr.startswith("error[N507]")


def test_time_that_is_up_ends_a_training_that_can_be_resumed(home):
    done = run("--max-time", "1s", "--epochs", 1_000_000, "--out", "here", "--set", "stop=none")
    assert done.exit_code == 0, done.output
    assert "stopped after step" in done.stdout
    assert "netdsl train --resume here" in done.stdout


@pytest.mark.parametrize("text", ["0s", "3 weeks", "-1m", "30", ""])
def test_a_time_that_is_none_is_refused(text):
    done = run("--max-time", text)
    assert done.exit_code == 1
    assert done.stderr.startswith("error[N537]")


def test_scores_go_to_tensorboard_where_that_is_asked_for(home):
    pytest.importorskip("tensorboardX", reason="of the extra `tensorboard`")
    done = run("--tensorboard", "--steps", 3, "--out", "here")
    assert done.exit_code == 0, done.output
    assert len(list((home / "here" / "tensorboard").iterdir())) == 1
