"""`train`, `eval` and `predict` as commands."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from netdsl.cli.eval import evaluate
from netdsl.cli.predict import predict
from netdsl.cli.train import train
from netdsl.errors import NetError
from netdsl.training import programs
from netdsl.training.answers import trained

from .conftest import ReferenceProgram

TEXT = """net Small(units=8) {
  input image: 28x28x1
  subsampled: avgpool(4x4)
  d: dense(units, act=tanh)
  d2: dense(10, act=softmax)
}
train Small {
  data      fashion_mnist | rescale
  optimizer sgd(lr=0.1)
  epochs    2
  batch     64
}
"""


class Program(ReferenceProgram):
    plan = SimpleNamespace(bytes=0, bindings=())

    def __init__(self, net, weights, *, batch, threads=None, memory=None, **rest):
        super().__init__(net, weights, **rest)


@pytest.fixture
def home(tmp_path, monkeypatch):
    for module in (programs, trained):
        monkeypatch.setattr(module, "compile", Program)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.net").write_text(TEXT)
    return tmp_path


def call(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments])
    if isinstance(done.exception, NetError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_the_last_line_says_where_the_run_is(home):
    for name in ("runs/small", "runs/small-2"):
        lines = call(train, "small.net", "--steps", 2).splitlines()
        assert lines[-1] == f"saved to {name}"
        assert (home / name / "weights.safetensors").exists()
    assert lines[0].startswith("epoch 1/2  loss")


def test_options_override_the_block(home):
    options = [
        "--epochs",
        1,
        "--batch",
        600,
        "--seed",
        7,
        "--set",
        "optimizer.lr=0.5",
        "--out",
        "here",
        "-p",
        "units=4",
    ]
    call(train, "small.net", *options)
    config = json.loads((home / "here" / "config.json").read_text())
    assert config["parameters"] == {"units": "4"}
    assert {k: config["settings"][k] for k in ("epochs", "batch", "seed")} == {
        "epochs": "1",
        "batch": "600",
        "seed": "7",
    }
    assert config["settings"]["optimizer"].startswith("sgd(lr=0.5,")


def test_a_mistake_makes_no_folder(home):
    with pytest.raises(NetError) as caught:
        call(train, "small.net", "--epochs", 0)
    assert "`epochs` is 0; it must be from 1 to" in str(caught.value)
    assert not (home / "runs").exists()


def test_eval_prints_accuracy_and_loss_of_the_test_part(home):
    call(train, "small.net", "--out", "here")
    found = json.loads(call(evaluate, "here", "--format", "json"))
    assert found["images"] == 1000
    assert found["accuracy"] > 0.3
    assert found["loss"] < np.log(10)
    assert call(evaluate, "here").startswith(f"accuracy {found['accuracy']:.4f}  loss ")


def test_predict_lists_classes_of_a_photograph(home):
    call(train, "small.net", "--steps", 1, "--out", "here")
    Image.fromarray(np.zeros((100, 80, 3), np.uint8)).save(home / "photo.png")
    (found,) = json.loads(call(predict, "here", "photo.png", "--top", 3, "--format", "json"))
    assert found["file"] == "photo.png"
    assert len(found["classes"]) == 3
    lines = call(predict, "here", "photo.png").splitlines()
    assert lines[0] == "photo.png"
    assert lines[1].endswith(found["classes"][0]["name"])
