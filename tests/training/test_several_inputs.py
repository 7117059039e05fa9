"""Nets with several inputs: data by the name of each, prepared each in its own way, from training to prediction."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from netdsl.cli.eval import evaluate
from netdsl.cli.features import features
from netdsl.cli.predict import predict
from netdsl.cli.train import train
from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.session import resume, train_net
from netdsl.training.terms import Terms

from .conftest import StopAt

TEXT = """net Two {
  input image: 4x4x1
  a: flatten | dense(8, act=relu)
  input numbers: 3
  concat(a, _) | dense(8, act=relu) | dense(2, act=softmax)
}
train Two {
  data      "two.npz" | rescale, numbers=standardize(pixel)
  epochs    20
  batch     8
  optimizer adam(lr=0.02)
}
"""


def examples(count=80, seed=0):
    """Bright images or large numbers, not both, are the second class: no input tells it alone."""
    random = np.random.default_rng(seed)
    bright, large = random.integers(0, 2, (2, count))
    image = (random.integers(0, 50, (count, 4, 4)) + 200 * bright[:, None, None]).astype(np.uint8)
    numbers = random.normal(100 + 20 * large[:, None], 1, (count, 3)).astype(np.float32)
    return {"image": image, "numbers": numbers, "labels": bright ^ large}


def write(**changes):
    parts = {"train": examples(), "test": examples(seed=1)}
    np.savez("two.npz", **{f"{name}_{part}": array for part in parts for name, array in parts[part].items()} | changes)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.net").write_text(TEXT)
    write()
    return tmp_path


def run(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_both_inputs_are_learned_measured_and_asked(home):
    run(train, "two.net", "--out", "run")
    assert json.loads(run(evaluate, "run", "--format", "json"))["accuracy"] > 0.95
    np.savez("ask.npz", **{name: array[:20] for name, array in examples(seed=1).items()})
    found = json.loads(run(predict, "run", "ask.npz", "--top", "1", "--format", "json"))
    assert [int(one["classes"][0]["name"]) for one in found] == examples(seed=1)["labels"][:20].tolist()
    assert found[3]["file"] == "ask.npz[3]"


def test_a_stopped_run_ends_with_the_same_bits(home):
    net = parse(TEXT)
    train_net(net, out=home / "whole")
    assert train_net(net, out=home / "parts", terms=Terms(progress=StopAt(13))).stopped
    resume(home / "parts")
    whole, parts = ((home / name / "weights.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_one_image_is_not_enough(home):
    run(train, "two.net", "--out", "run", "--steps", 1, "--no-report")
    with pytest.raises(NetError, match="has the inputs `image`, `numbers`, and this is for nets with one") as caught:
        run(predict, "run", "photo.png")
    assert caught.value.code == "N508"


def asked(*arguments):
    return [one["classes"] for one in json.loads(run(predict, *arguments, "--top", 2, "--format", "json"))]


def test_several_nets_answer_arrays_with_their_mean(home):
    for name, seed in (("a", 1), ("b", 2)):
        run(train, "two.net", "--out", name, "--seed", seed, "--steps", 3, "--no-report")
    np.savez("ask.npz", **{name: array[:3] for name, array in examples(seed=1).items()})
    one, two, both = asked("a", "ask.npz"), asked("b", "ask.npz"), asked("a", "ask.npz", "--ensemble", "b")
    for row in range(3):
        first, second, mean = ({c["name"]: c["score"] for c in said[row]} for said in (one, two, both))
        assert mean == pytest.approx({name: (first[name] + second[name]) / 2 for name in first})
    losses = [
        json.loads(run(evaluate, *with_, "--format", "json"))["loss"] for with_ in (["a"], ["a", "--ensemble", "a"])
    ]
    assert losses[0] == pytest.approx(losses[1])


def test_views_are_of_one_image(home):
    run(train, "two.net", "--out", "run", "--steps", 1, "--no-report")
    with pytest.raises(NetError, match="has the inputs `image`, `numbers`, and this is for nets with one") as caught:
        run(predict, "run", "two.npz", "--crops", 5)
    assert "without `--crops`" in caught.value.diagnostics[0].help


def test_of_a_file_with_parts_the_test_part_is_asked_about(home):
    run(train, "two.net", "--out", "run", "--steps", 3, "--no-report")
    np.savez("ask.npz", **examples(seed=1))
    assert asked("run", "two.npz") == asked("run", "ask.npz")


def test_features_are_of_all_inputs(home):
    run(train, "two.net", "--out", "run", "--steps", 3, "--no-report")
    node = list(parse(TEXT).nodes)[-2]
    run(features, "run", "--at", node, "--out", "found.npz")
    with np.load("found.npz") as found:
        assert found["train"].shape == (80, 8) and found["test"].shape == (80, 8)
        before = found["test"]
    write(numbers_test=examples(seed=1)["numbers"][::-1])
    run(features, "run", "--at", node, "--out", "found.npz")
    with np.load("found.npz") as found:
        assert not np.array_equal(found["test"], before)


def test_a_rehearsal_names_each_input_and_its_preparation(home):
    said = run(train, "two.net", "--dry-run")
    assert "image: 4x4x1, rescale\n" in said
    assert "numbers: 3, standardize(pixel)\n" in said


def test_images_are_augmented_and_numbers_are_not(home):
    said = run(train, "two.net", "--out", "run", "--set", "augment=flip(both)", "--steps", 3)
    assert "saved to run" in said
    with pytest.raises(NetError, match="`numbers` is none"):
        run(train, "two.net", "--set", "augment=mixup")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"numbers_train": np.zeros((80, 4))}, "N607", "`two.npz, numbers` gives 4 after"),
        ({"numbers_test": np.zeros((80, 4))}, "N610", "`two.npz, numbers`: `standardize(pixel)` was fitted to 3"),
        ({"numbers_train": np.zeros((79, 3))}, "N605", "`numbers_train`, holds 79 images, `labels_train` 80 labels"),
        ({"numbers_train": np.full((80, 3), np.inf)}, "N612", "`numbers_train` is not finite at (0, 0)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(home, changes, code, words):
    write(**changes)
    with pytest.raises(NetError) as caught:
        run(train, "two.net", "--out", "run", "--steps", 1)
        run(evaluate, "run")
    assert caught.value.code == code
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ("data=fashion_mnist", "N607", "gives one array, and the net has 2 inputs: `image`, `numbers`"),
        ('data="nowhere.npz"', "N601", "neither a folder, a file, nor data that ships"),
        ('data="two.npz", number=none', "N507", "`data … number=` is of an input that the net has not got"),
        ('data="two.npz", numbers=none, numbers=none', "N507", "once"),
        ('data="two.npz", numbers=pad(1)', "N609", "`pad(1)` is for images and series, not for 3"),
    ],
)
def test_data_of_one_input_and_wrong_preparations_are_refused(home, setting, code, words):
    with pytest.raises(NetError) as caught:
        run(train, "two.net", "--set", setting)
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_missing_array_is_named(home):
    np.savez("two.npz", image=np.zeros((4, 4, 4)), y=np.arange(4) % 2)
    with pytest.raises(NetError, match=r"`two\.npz` has no array `numbers`: its arrays are `image`, `y`") as caught:
        run(train, "two.net")
    assert caught.value.code == "N612"
    np.savez("two.npz", image=np.zeros((4, 4, 4)))
    with pytest.raises(NetError, match="has no array `labels`"):
        run(train, "two.net")


@pytest.mark.parametrize(("images", "labels"), [("image", "labels"), ("x", "y"), ("images", "target")])
def test_a_net_of_one_input_is_asked_about_what_it_was_trained_on(home, images, labels):
    (home / "one.net").write_text(
        'net One { input image: 4x4x1; dense(2, act=softmax) }\ntrain One { data "one.npz" | rescale; steps 2 }\n'
    )
    found = examples()
    np.savez("one.npz", **{images: found["image"], labels: found["labels"]})
    run(train, "one.net", "--out", "run", "--no-report")
    assert len(asked("run", "one.npz")) == 80
