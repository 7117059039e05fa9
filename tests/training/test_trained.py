"""A run is enough on its own: evaluation and prediction read its weight file and nothing else."""

import base64
import gzip
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from netdsl.errors import NetError
from netdsl.training import loop
from netdsl.training.answers import evaluate, predict, trained
from netdsl.training.answers.trained import open_run
from netdsl.training.keeping.weights_file import read_weights, write_weights

from .conftest import TEXT, ReferenceProgram, reference_programs, tiny_task, toy


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "compile", lambda net, weights, **rest: ReferenceProgram(net, weights))
    task = tiny_task(TEXT.replace("toy", f'"{tmp_path}/data"').replace("rescale", "standardize(pixel)"))
    (tmp_path / "run").mkdir()
    loop.train(task, reference_programs(task), folder=tmp_path / "run")
    return tmp_path / "run"


def write_idx(folder, part, images, labels):
    folder.mkdir(exist_ok=True)
    for kind, array in (("images-idx3", images[..., 0]), ("labels-idx1", labels.astype(np.uint8))):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        (folder / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))


def images(tmp_path):
    Image.fromarray(np.full((7, 9), 250, np.uint8)).save(tmp_path / "bright.png")
    Image.fromarray(np.full((2, 2, 3), 10, np.uint8)).save(tmp_path / "dark.png")
    return [tmp_path / "bright.png", tmp_path / "dark.png"]


def test_a_run_is_opened_from_its_weights_alone(run):
    for name in ("net.net", "config.json", "metrics.csv"):
        (run / name).unlink()
    opened = open_run(run)
    assert opened.net.name == "Tiny"
    assert opened.record.classes == ("dark", "bright")
    assert opened.pipeline.text() == "pad(1) | standardize(pixel)"
    assert open_run(run / "weights.safetensors").record == opened.record


def test_the_preprocessing_is_the_one_fitted_in_training(run):
    task = tiny_task(TEXT.replace("rescale", "standardize(pixel)"))
    data = toy(4)
    np.testing.assert_array_equal(open_run(run).pipeline.apply(data.images), task.pipeline.apply(data.images))


def test_predictions_name_the_likeliest_class_first(run, tmp_path):
    bright, dark = predict.predict(open_run(run), images(tmp_path))
    assert [guess.name for guess in bright.guesses] == ["bright", "dark"]
    assert [guess.name for guess in dark.guesses] == ["dark", "bright"]
    assert sum(guess.score for guess in bright.guesses) == pytest.approx(1, abs=1e-6)


def test_top_1_is_one_guess(run, tmp_path):
    assert all(len(p.guesses) == 1 for p in predict.predict(open_run(run), images(tmp_path), top=1))


def test_a_file_that_is_no_image_is_refused(run, tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(NetError, match=r"a\.png"):
        list(predict.predict(open_run(run), [tmp_path / "a.png"]))


def test_evaluation_reads_the_test_part(run, tmp_path):
    data = toy(10)
    write_idx(tmp_path / "data", "train", data.images, data.labels)
    with pytest.raises(NetError) as caught:
        evaluate.evaluate(open_run(run))
    assert caught.value.code == "N511"
    write_idx(tmp_path / "data", "t10k", data.images[:7], np.r_[1 - data.labels[:1], data.labels[1:7]])
    score = evaluate.evaluate(open_run(run))
    assert (score.accuracy, score.images) == (pytest.approx(6 / 7), 7)


def test_evaluation_refuses_images_of_another_size(run, tmp_path):
    data = toy(10, size=3)
    for part in ("train", "t10k"):
        write_idx(tmp_path / "other", part, data.images, data.labels)
    with pytest.raises(NetError) as caught:
        evaluate.evaluate(open_run(run), str(tmp_path / "other"))
    assert "4x4x1" in str(caught.value)
    assert "5x5x1" in str(caught.value)


def test_evaluation_refuses_other_class_names(run, tmp_path):
    data = toy(10)
    for part in ("train", "t10k"):
        write_idx(tmp_path / "other", part, data.images, data.labels)
    (tmp_path / "other" / "classes.txt").write_text("night\nday\n")
    with pytest.raises(NetError) as caught:
        evaluate.evaluate(open_run(run), str(tmp_path / "other"))
    assert caught.value.code == "N512"


def test_parameters_are_kept(run):
    file = read_weights(run / "weights.safetensors")
    text = {"text.net": file.record.texts["text.net"].replace("classes=2", "classes=7")}
    kept = replace(file.record, texts=text, parameters={"classes": "2"})
    write_weights(run / "weights.safetensors", file.tensors, kept)
    assert open_run(run).net.nodes["d"].shape == (2,)


def test_weights_of_another_text_are_refused(run):
    file = read_weights(run / "weights.safetensors")
    text = {"text.net": file.record.texts["text.net"].replace("classes=2", "classes=7")}
    write_weights(run / "weights.safetensors", file.tensors, replace(file.record, texts=text))
    with pytest.raises(NetError) as caught:
        open_run(run)
    assert caught.value.code == "N504"
    assert "`d.weight` is 16x2, in the net 16x7" in str(caught.value)


def small_statistics():
    array = {"shape": [2, 2, 1], "float32": base64.b64encode(np.ones(4, "<f4")).decode()}
    return [{"step": "standardize", "over": "pixel", "mean": array, "std": array}]


@pytest.mark.parametrize(
    "broken",
    [
        {"texts": {"text.net": "net {"}},
        {"parameters": {"two words": "2"}},
        {"parameters": {"classes": "two +"}},
        {"pipeline": [{"step": "melt"}]},
        {"pipeline": [{"step": "pad", "n": 2}]},
        {"pipeline": small_statistics()},
        {"settings": {"loss": "hope"}},
    ],
    ids=str,
)
def test_a_sealed_record_that_cannot_be_used_is_damage(run, broken):
    file = read_weights(run / "weights.safetensors")
    write_weights(run / "weights.safetensors", file.tensors, replace(file.record, **broken))
    with pytest.raises(NetError) as caught:
        open_run(run)
    assert caught.value.code == "N502"
    assert "\n" not in str(caught.value)


def test_config_is_json(run):
    assert json.loads((run / "config.json").read_text())["settings"]["loss"].startswith("cross_entropy(")
