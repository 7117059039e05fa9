"""Several nets, or several views, are asked together: the mean of what each says."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from netdsl.cli.eval import evaluate
from netdsl.cli.predict import predict
from netdsl.cli.train import train
from netdsl.errors import NetError
from netdsl.training.answers.views import enlarged, views_of

TEXT = """net Small(size=28) {
  input image: {size}x{size}x1
  avgpool(4x4)
  o: dense(10OUT)
}
train Small { data fashion_mnist | PAD rescale; steps 20; optimizer sgd(lr=0.1) }
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.net").write_text(TEXT.replace("OUT", ", act=softmax").replace("PAD", ""))
    (tmp_path / "b.net").write_text(TEXT.replace("OUT", "").replace("PAD", "pad(2) |").replace("28", "32"))
    run(train, "a.net", "--out", "a")
    run(train, "b.net", "--out", "b", "--seed", 5)
    pixels = np.random.default_rng(0).integers(0, 255, (28, 28), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path


def run(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def scores(*arguments):
    (found,) = json.loads(run(predict, *arguments, "--top", 10, "--format", "json"))
    return {guess["name"]: guess["score"] for guess in found["classes"]}


def test_the_answer_is_the_mean_of_the_nets(home):
    one, two, both = scores("a", "photo.png"), scores("b", "photo.png"), scores("a", "photo.png", "--ensemble", "b")
    for name in one:
        assert both[name] == pytest.approx((one[name] + two[name]) / 2, rel=1e-6)
    assert sum(both.values()) == pytest.approx(1, abs=1e-6)


def test_eval_measures_the_mean(home):
    one, two, both = (
        json.loads(run(evaluate, *arguments, "--format", "json"))
        for arguments in (["a"], ["b"], ["a", "--ensemble", "b"])
    )
    assert both["images"] == 1000
    assert min(one["loss"], two["loss"]) * 0.8 < both["loss"] < max(one["loss"], two["loss"])


def test_a_net_beside_itself_says_the_same(home):
    assert json.loads(run(evaluate, "a", "--ensemble", "a", "--format", "json")) == pytest.approx(
        json.loads(run(evaluate, "a", "--format", "json")), abs=1e-9
    )


def test_ten_views_are_averaged(home):
    assert scores("a", "photo.png", "--crops", 10) != scores("a", "photo.png")
    assert 0.1 < json.loads(run(evaluate, "a", "--crops", 5, "--format", "json"))["accuracy"] <= 1


def test_nets_for_other_classes_are_refused(home):
    for name in ("no", "yes"):
        (home / "data" / name).mkdir(parents=True)
        Image.fromarray(np.zeros((28, 28), np.uint8)).save(home / "data" / name / "x.png")
    (home / "c.net").write_text(TEXT.replace("10OUT", "2").replace("PAD", ""))
    run(train, "c.net", "--data", "data", "--set", "validation=0", "--out", "c")
    with pytest.raises(NetError) as caught:
        run(predict, "a", "photo.png", "--ensemble", "c")
    assert caught.value.code == "N528"


def test_views_are_the_corners_the_centre_and_their_mirrors():
    image = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16, 1)
    assert (enlarged((14, 15), 10), enlarged((14, 15), 1)) == ((16, 18), (14, 15))
    found = views_of(image, (14, 14), 10)
    for k, (y, x) in enumerate([(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)]):
        np.testing.assert_array_equal(found[k], image[y : y + 14, x : x + 14])
        np.testing.assert_array_equal(found[k + 5], found[k][:, ::-1])
    np.testing.assert_array_equal(views_of(image, (16, 16), 1)[0], image)
