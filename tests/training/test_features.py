"""Features are what a node says in inference, for every image of both parts."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors import safe_open
from safetensors.numpy import load_file

from netdsl.cli.features import features
from netdsl.cli.train import train
from netdsl.data.open import open_data
from netdsl.errors import NetError
from netdsl.reference import run_net
from netdsl.training.answers.trained import open_run

TEXT = """net Small {
  input image: 28x28x1
  p: avgpool(4x4)
  a: dense(6, act=tanh) | dropout(0.5)
  o: dense(10, act=softmax)
}
train Small { data fashion_mnist | standardize(channel); steps 2 }
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.net").write_text(TEXT)
    run(train, "small.net", "--out", "first")
    return tmp_path


def run(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_features_are_those_of_the_oracle(home):
    done = run(features, "first", "--at", "a", "--out", "f.npz")
    assert done.stdout == "f.npz: `a`, 6 an image, 6000 training images, 1000 test images\n"
    found, opened = np.load(home / "f.npz"), open_run("first")
    images = open_data("fashion_mnist").test.images[:5]
    oracle = run_net(opened.net, opened.weights, {"image": opened.pipeline.apply(images)})["a.dropout_1"]
    np.testing.assert_allclose(found["test"][:5], oracle, rtol=1e-5, atol=1e-6)
    assert found["train"].shape == (6000, 6)
    assert list(found["classes"][:2]) == list(opened.record.classes[:2])
    found.close()


def test_a_net_with_the_weights_of_a_run_says_the_same(home):
    run(features, "first", "--at", "p", "--out", "a.safetensors")
    run(features, "small.net", "--weights", "first", "--at", "p", "--out", "b.safetensors")
    one, two = load_file("a.safetensors"), load_file("b.safetensors")
    assert one["test"].shape == (1000, 7, 7, 1)
    np.testing.assert_array_equal(one["test_labels"], two["test_labels"])
    with safe_open("a.safetensors", "numpy") as file:
        assert json.loads(file.metadata()["classes"])[0] == "T-shirt/top"


def test_the_same_features_give_the_same_bytes(home):
    for name in ("a.npz", "b.npz"):
        run(features, "first", "--at", "o", "--out", name)
    assert (home / "a.npz").read_bytes() == (home / "b.npz").read_bytes()


def test_a_node_that_is_not_there_names_the_nearest(home):
    with pytest.raises(NetError, match="did you mean `a`") as caught:
        run(features, "first", "--at", "A", "--out", "f.npz")
    assert caught.value.code == "N707"


def test_another_ending_is_refused(home):
    with pytest.raises(NetError) as caught:
        run(features, "first", "--at", "a", "--out", "f.csv")
    assert caught.value.code == "N527"


def test_weights_at_random_are_told(home):
    assert "drawn at random" in run(features, "small.net", "--at", "a", "--out", "f.npz").stderr
