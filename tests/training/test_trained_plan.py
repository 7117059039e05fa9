"""A trained net as a plan file: compiled once, judged and asked without the net."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from netdsl.cli import main
from netdsl.compiler.plan_file import PLAN

TEXT = """net Small {
  input image: 28x28x1
  C: conv(16, 3x3, act=relu) | maxpool(2x2)
  out: dense(10, act=softmax)
}
train Small { data fashion_mnist | standardize(pixel); optimizer sgd(lr=0.1); epochs 1; batch 64 }
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "small.net").write_text(TEXT)
    assert run("train", folder / "small.net", "--steps", 5, "--out", folder / "run").exit_code == 0
    done = run("compile", folder / "run", "--batch", 16, "-o", folder / "small.plan")
    assert (done.exit_code, done.stderr) == (0, "")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (28, 28), np.uint8)).save(folder / "a.png")
    return folder


def test_compile_says_what_it_wrote(home):
    done = run("compile", home / "run", "-o", home / "other.plan")
    assert done.stdout.startswith(f"{home / 'other.plan'}: Small, batch 1, ")
    assert done.stdout.endswith(" MiB\n")


def test_the_plan_is_as_good_as_the_run(home):
    found = [json.loads(run("eval", home / name, "--format", "json").stdout) for name in ("run", "small.plan")]
    assert found[0] == found[1]
    assert found[0]["images"] == 1000


def test_the_plan_sees_what_the_run_sees(home):
    one, other = (run("predict", home / name, home / "a.png").stdout for name in ("run", "small.plan"))
    assert one == other
    assert len(one.splitlines()) == 6


def test_random_weights_are_told(home):
    done = run("compile", home / "small.net", "-o", home / "random.plan")
    assert done.exit_code == 0
    assert "drawn at random" in done.stderr


def test_a_plan_that_was_not_trained_has_nothing_to_judge_by(home):
    run("compile", home / "small.net", "-o", home / "bare.plan")
    done = run("eval", home / "bare.plan")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error[N508]")


@pytest.mark.parametrize("verb", ["eval", "predict"])
def test_the_plan_of_a_training_step_has_to_be_compiled_without_train(home, verb):
    run("compile", home / "run", "--train", "--no-tune", "-o", home / "step.plan")
    done = run(verb, home / "step.plan", *([home / "a.png"] if verb == "predict" else []))
    assert done.stderr.startswith("error[N508]")
    assert "without `--train`" in done.stderr


@pytest.mark.parametrize("verb", [["summary"], ["check"], ["train"], ["draw", "-o", "net.svg"]])
def test_a_plan_is_no_text_of_a_net(home, verb):
    done = run(*verb, home / "small.plan")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is a plan file" in done.stderr
    assert "`netdsl predict`, `netdsl eval` and `netdsl bench` take it" in done.stderr


def test_the_folder_of_a_run_names_the_text_of_its_net(home):
    assert f"the net of this run is `{home / 'run' / 'net.net'}`" in run("summary", home / "run").stderr


@pytest.mark.parametrize("name", ["lenet5", "small.net"])
def test_a_net_that_has_learned_nothing_cannot_predict(home, name, monkeypatch):
    monkeypatch.chdir(home)
    done = run("predict", name, "a.png")
    assert done.stderr.startswith(f"error[N510]: `{name}` is a net")
    assert f"`netdsl train {name}` makes a run of it" in done.stderr


def test_a_record_that_cannot_be_used_is_damage(home, tmp_path):
    tensors, document = PLAN.read(home / "small.plan")
    document["about"]["record"]["settings"]["loss"] = "hope"
    PLAN.write(tmp_path / "bad.plan", tensors, document)
    assert run("eval", tmp_path / "bad.plan").stderr.startswith("error[N731]")


@pytest.mark.parametrize(
    "more", [["-o", "net.bin"], ["-o", "net.plan", "--show"], ["-p", "units=3"]], ids=lambda more: " ".join(more)
)
def test_what_does_not_go_together_is_a_mistake_of_the_command_line(home, more, monkeypatch):
    monkeypatch.chdir(home)
    assert run("compile", "run", *more).exit_code == 2
    assert not (home / "net.bin").exists()
