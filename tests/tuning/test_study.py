"""A study proposes settings, prunes poor trials, is shared by processes, and goes on where it was left."""

import csv
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'netdsl[tune]'")

from netdsl.cli.tune import tune
from netdsl.errors import NetError, fail
from netdsl.training.answers.trained import open_run
from netdsl.training.outcome import Session

TEXT = """net Small(width=3) {
  input image: 2x2x1
  dense(width, act=tanh)
  dense(2, act=softmax)
}
train Small { data "data" | rescale; epochs 3; batch 4; validation 0.5 }
tune Small { optimizer.lr: log(1e-3, 1); width: choice(2, 3) }
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, level in (("dark", 40), ("light", 160)):
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(8):
            pixels = (level + rng.integers(0, 90, (2, 2))).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{i}.png")
    (tmp_path / "small.net").write_text(TEXT)
    return tmp_path


def run(*arguments):
    done = CliRunner().invoke(tune, ["small.net", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_a_study_ends_with_a_table_a_plot_and_the_best_command(home):
    output = run("--trials", 5, "--pruner", "none").splitlines()
    assert [line.split()[1] for line in output[:5]] == list("01234")
    found = rows(home / "runs" / "small.csv")
    assert [row["trial"] for row in found] == list("01234")
    assert {row["width"] for row in found} <= {"2", "3"}
    best = max(found, key=lambda row: float(row["val_accuracy"]))
    assert output[-1].startswith(
        f"the best: netdsl train small.net --set optimizer.lr={best['optimizer.lr']} -p width="
    )
    assert (home / "runs" / "small.svg").read_text().count("<circle") == 5
    opened = open_run(home / "runs" / "small.runs" / "0003")
    assert opened.record.parameters == {"width": found[3]["width"]}


def test_a_study_goes_on_and_proposes_as_if_it_had_never_stopped(home):
    run("--trials", 6, "--study", "whole.study", "--pruner", "none")
    run("--trials", 2, "--study", "parts.study", "--pruner", "none")
    assert run("--trials", 6, "--study", "parts.study", "--pruner", "none").count("trial   2") == 1
    assert (home / "parts.csv").read_bytes() == (home / "whole.csv").read_bytes()


def test_poor_trials_are_pruned(home):
    run("--trials", 12, "--epochs", 9, "--metric", "val_loss", "--sampler", "random")
    states = [row["state"] for row in rows(home / "runs" / "small.csv")]
    assert "pruned" in states and "complete" in states


def test_two_processes_share_one_study(home):
    words = [sys.executable, "-P", "-m", "netdsl", "tune", "small.net", "--trials", "6", "--threads", "1"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    begun = re.compile(r"^trial +(\d+) ", re.M)
    numbers = [number for output in outputs for number in begun.findall(output)]
    assert sorted(numbers) == [str(k) for k in range(len(numbers))]
    assert 6 <= len(numbers) <= 7


def test_what_a_dead_process_left_is_made_up_for(home):
    import optuna

    run("--trials", 1, "--pruner", "none")
    backend = optuna.storages.journal.JournalFileBackend("runs/small.study")
    study = optuna.load_study(study_name="small", storage=optuna.storages.JournalStorage(backend))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    study.ask().set_user_attr("process", f"{os.uname().nodename}:{gone.pid}")
    run("--trials", 2, "--pruner", "none")
    assert [row["state"] for row in rows(home / "runs" / "small.csv")] == ["complete", "fail", "complete"]


def test_a_loss_that_is_not_finite_is_a_trial_that_failed(home, monkeypatch):
    def diverging(*task, **rest):
        raise fail("N509", "the loss is nan")

    monkeypatch.setattr("netdsl.tuning.study.train_net", diverging)
    monkeypatch.setattr("netdsl.tuning.study._counted", lambda study: study.get_trials())
    assert "no trial was carried to its end" in run("--trials", 2)
    assert [row["state"] for row in rows(home / "runs" / "small.csv")] == ["fail", "fail"]


def test_a_signal_ends_the_study_and_not_only_the_trial(home, monkeypatch):
    def stopped(*task, out, **rest):
        return Session(out, (), 1, 130, stopped=True)

    with monkeypatch.context() as patched:
        patched.setattr("netdsl.tuning.study.train_net", stopped)
        said = run("--trials", 3)
        assert "trial " not in said and "the same command goes on with the study in runs/small.study" in said
    run("--trials", 1)
    assert [row["state"] for row in rows(home / "runs" / "small.csv")] == ["fail", "complete"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--search", "width=choice(2, 5)"], "N542"),
        (["--metric", "val_loss"], "N542"),
        (["--epochs", "4"], "N542"),
        (["--study", "small.net"], "N542"),
        (["--study", "other", "--metric", "val_top9"], "N540"),
        (["--study", "other", "--search", "depth=choice(1, 2)"], "N219"),
    ],
)
def test_what_does_not_fit_the_study_is_refused(home, arguments, code):
    run("--trials", 1)
    with pytest.raises(NetError) as caught:
        run("--trials", 2, *arguments)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "arguments", [["--metric", "val_top9"], ["--search", "batch=choice(4, 0)"], ["--search", "width=choice(2, 0)"]]
)
def test_a_search_that_cannot_be_carried_out_leaves_no_study(home, arguments):
    with pytest.raises(NetError):
        run("--trials", 1, *arguments)
    assert not (home / "runs").exists()
