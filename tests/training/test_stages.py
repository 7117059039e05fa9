"""Stages follow one another, each with the weights of the one before and its own settings."""

import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from netdsl.cli.train import train
from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.answers.trained import open_run
from netdsl.training.block.override import parse_override
from netdsl.training.session import resume, train_net
from netdsl.training.terms import Terms

from .conftest import StopAt

TEXT = """net Small {
  input image: 28x28x1
  avgpool(4x4)
  a: dense(8, act=tanh)
  b: dense(8, act=tanh)
  o: dense(10, act=softmax)
}
train Small {
  data   fashion_mnist | rescale
  freeze "**"
  steps  9
  stages top(unfreeze="o", steps=2, lr=0.2), last(unfreeze=["b", "o"], steps=3, lr=0.02)
}
"""


def run(folder, *arguments, text=TEXT):
    (folder / "small.net").write_text(text)
    done = CliRunner().invoke(train, [str(folder / "small.net"), *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output.splitlines()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_stage_learns_what_it_unfreezes_from_where_the_last_one_stopped(home):
    output = run(home)
    assert [line for line in output if line.startswith("stage ")] == ["stage 1/2: top", "stage 2/2: last"]
    assert output[-1] == "saved to runs/small/2-last"
    top, last = open_run("runs/small/1-top"), open_run("runs/small/2-last")
    for name in ("a.weight", "a.bias"):
        np.testing.assert_array_equal(top.weights[name], last.weights[name])
    for name in ("b.weight", "o.weight"):
        assert not np.array_equal(top.weights[name], last.weights[name])
    assert (top.record.steps, last.record.steps) == (2, 3)
    assert [one.record.settings["optimizer"].split(",")[0] for one in (top, last)] == ["sgd(lr=0.2", "sgd(lr=0.02"]
    np.testing.assert_array_equal(top.weights["b.weight"], top.net.initialise(1)["b.weight"])


def test_what_the_first_stage_begins_with_is_not_taken_again(home):
    run(home, "--out", "before", text=TEXT.replace("  stages", '  unfreeze "o" #'))
    output = run(home, "--weights", "before", "--fresh", "o")
    assert sum("`fresh` asks for it" in line for line in output) == 2
    assert [line for line in output if line.startswith("weights of")] == [
        "weights of before/weights.safetensors",
        "weights of runs/small/1-top/weights.safetensors",
    ]


def test_the_options_win_over_the_block_and_the_stages_over_both(home):
    run(home, "--seed", 5, "--batch", 32, "--set", 'stages=only(unfreeze="b", steps=1)')
    settings = open_run("runs/small/1-only").record.settings
    assert (settings["seed"], settings["batch"], settings["steps"]) == ("5", "32", "1")


@pytest.mark.parametrize(
    ("stages", "code", "words"),
    [
        ("top", "N507", "a stage is a name and its settings"),
        ("top(1)", "N507", "a stage is a name and its settings"),
        ("top(steps=1), top(steps=2)", "N507", "two stages are called `top`"),
        ("top(data=fashion_mnist)", "N507", "`data` is the same in all stages"),
        ("top(stepz=1)", "N506", "there is no setting `stepz`"),
        ('top(steps=1), last(unfreeze="c")', "N520", "has no node `c`"),
    ],
)
def test_mistakes_are_found_before_the_first_stage_begins(home, stages, code, words):
    with pytest.raises(NetError) as caught:
        run(home, "--set", f"stages={stages}")
    assert caught.value.code == code
    assert words in str(caught.value)
    assert not (home / "runs").exists()


def same_weights(one, other):
    pairs = [[open_run(folder / name).weights for folder in (one, other)] for name in ("1-top", "2-last")]
    return all(np.array_equal(first[name], second[name]) for first, second in pairs for name in first)


@pytest.mark.parametrize("at", [1, 3])
def test_a_chain_goes_on_in_the_stage_that_it_was_in(home, at):
    train_net(parse(TEXT), out=home / "whole")
    stopped = train_net(parse(TEXT), out=home / "parts", terms=Terms(progress=StopAt(at)))
    assert (stopped.stopped, stopped.chain) == (True, home / "parts")
    assert resume(home / "parts").folder == home / "parts" / "2-last"
    assert same_weights(home / "whole", home / "parts")


def test_a_chain_is_tried_out_by_its_first_stage(home):
    output = run(home, "--dry-run")
    assert output[0] == "stage 1/2: top"
    assert "net       Small: 90 parameters learn" in output
    assert "training  10 epochs of 85 batches of 64: 2 steps" in output
    assert not (home / "runs").exists()


def test_a_stage_without_a_checkpoint_begins_anew(home):
    train_net(parse(TEXT), out=home / "whole")
    shutil.copytree("whole", "parts")
    for path in (home / "parts" / "2-last").glob("*.checkpoint"):
        path.unlink()
    (home / "parts" / "2-last" / "weights.safetensors").unlink()
    assert resume(home / "parts").steps == 3
    assert same_weights(home / "whole", home / "parts")


def test_a_chain_goes_on_as_it_was_begun(home):
    run(home)
    with pytest.raises(NetError, match="is a chain of stages") as caught:
        resume(home / "runs" / "small", (), parse_override("seed=2"))
    assert caught.value.code == "N533"
    for content in (
        "{",
        "[]",
        '{"stages": []}',
        (home / "runs/small/stages.json").read_text().replace("rescale", "resale"),
    ):
        (home / "runs/small/stages.json").write_text(content)
        with pytest.raises(NetError, match="does not tell the stages") as caught:
            resume(home / "runs" / "small")
        assert caught.value.code == "N531"
        assert caught.value.diagnostics[0].help.endswith(str(home / "runs" / "small" / "2-last"))
