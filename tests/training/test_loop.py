"""The loop: order, bits, scores, stopping, and what is left behind."""

import csv
import json
import os
import signal
from time import sleep

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.training import loop
from netdsl.training.keeping.weights_file import read_weights
from netdsl.training.optimise.average import averaged
from netdsl.training.programs import compiled

from .conftest import TEXT, AtStep, reference_programs, tiny_task, toy


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_net_learns_to_tell_dark_from_bright(task):
    done = loop.train(task, reference_programs(task))
    assert done.epochs[-1].train.accuracy == 1
    assert done.epochs[-1].validation.accuracy == 1
    assert done.epochs[-1].train.loss < done.epochs[0].train.loss


def test_a_fifth_is_only_measured(task):
    assert (len(task.train), len(task.validation)) == (16, 4)


def test_the_preparation_is_fitted_without_the_validation_part():
    task = tiny_task(TEXT.replace("rescale", "standardize(channel)"))
    assert abs(task.train.images.mean()) < 1e-5
    assert abs(task.validation.images.mean()) > 1e-5


def test_steps_count_from_1_and_carry_the_numbers_of_the_optimiser(task):
    programs = reference_programs(task)
    loop.train(task, programs)
    calls = programs.learning.calls
    assert [call["step"] for call in calls] == list(range(1, 13))
    assert {(call["lr"], call["seed"]) for call in calls} == {(0.5, 1)}


def test_the_first_step_is_the_one_worked_by_hand():
    task = tiny_task(TEXT.replace("batch      4", "batch 16\n  steps 1").replace("validation 0.2", "validation 0.2"))
    programs = reference_programs(task)
    w, b = (programs.weights[name].astype(np.float64) for name in ("d.weight", "d.bias"))
    x = task.train.images.reshape(16, 16).astype(np.float64)
    z = x @ w + b
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    dz = (p - np.eye(2)[task.train.labels]) / 16
    loop.train(task, programs)
    np.testing.assert_allclose(programs.weights["d.weight"], w - 0.5 * x.T @ dz, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(programs.weights["d.bias"], b - 0.5 * dz.sum(axis=0), rtol=1e-5, atol=1e-7)


def test_the_same_seed_gives_the_same_folder(task, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        loop.train(tiny_task(), reference_programs(task), folder=tmp_path / name)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_another_seed_gives_other_weights(task):
    other = tiny_task(TEXT.replace("seed       1", "seed 2"))
    one, two = (loop.train(t, reference_programs(t)).weights["d.weight"] for t in (task, other))
    assert not np.array_equal(one, two)


def test_steps_end_the_training_inside_an_epoch():
    task = tiny_task(TEXT.replace("epochs     3", "epochs 3; steps 6"))
    done = loop.train(task, reference_programs(task))
    assert done.steps == 6
    assert [epoch.train.images for epoch in done.epochs] == [16, 8]


def test_a_run_folder_holds_text_settings_metrics_and_weights(task, tmp_path):
    loop.train(task, reference_programs(task), folder=tmp_path)
    names = ["config.json", "metrics.csv", "metrics.jsonl", "net.net", "step-12.checkpoint", "step-8.checkpoint"]
    assert sorted(files(tmp_path)) == [*names, "weights.safetensors"]
    assert (tmp_path / "net.net").read_text() == TEXT
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["net"], config["settings"]["seed"]) == ("Tiny", "1")
    rows = list(csv.DictReader((tmp_path / "metrics.csv").read_text().splitlines()))
    assert [(row["epoch"], row["steps"]) for row in rows] == [("1", "4"), ("2", "8"), ("3", "12")]
    assert float(rows[-1]["val_accuracy"]) == 1


def test_saved_weights_leave_the_slots_out(task, tmp_path):
    done = loop.train(task, reference_programs(task), folder=tmp_path)
    saved = read_weights(tmp_path / "weights.safetensors")
    assert sorted(saved.tensors) == ["d.bias", "d.weight"]
    np.testing.assert_array_equal(saved.tensors["d.weight"], done.weights["d.weight"])
    assert saved.record.classes == ("dark", "bright")
    assert saved.record.steps == 12


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_training_after_its_step_and_saves(task, tmp_path, number, code):
    before = signal.getsignal(number)
    stop = AtStep(5, lambda: os.kill(os.getpid(), number))
    done = loop.train(task, reference_programs(task), folder=tmp_path, progress=stop)
    assert (done.steps, done.exit_code) == (5, code)
    assert read_weights(tmp_path / "weights.safetensors").record.steps == 5
    assert signal.getsignal(number) is before


def test_the_end_of_its_time_ends_it_after_the_step_and_says_nothing_in_the_exit_code(task, tmp_path):
    before = signal.getsignal(signal.SIGALRM)
    wait = AtStep(5, lambda: sleep(0.2))
    done = loop.train(task, reference_programs(task), folder=tmp_path, progress=wait, limit=0.1)
    assert (done.stopped, done.exit_code) == (True, 0)
    assert done.steps <= 5
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_training_within_its_time_is_not_stopped(task):
    assert not loop.train(task, reference_programs(task), limit=1000).stopped


def test_a_second_signal_ends_it_at_once(task, tmp_path):
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        loop.train(task, reference_programs(task), folder=tmp_path, progress=AtStep(5, twice))
    assert read_weights(tmp_path / "weights.safetensors").record.steps == 4


def test_a_step_that_is_not_finite_is_named_and_keeps_what_was_saved(task, tmp_path):
    programs = reference_programs(task)

    def spoil():
        programs.weights["d.bias"] = np.array([np.nan, 0])

    with pytest.raises(NetError) as caught:
        loop.train(task, programs, folder=tmp_path, progress=AtStep(6, spoil))
    assert caught.value.code == "N509"
    assert "`d.bias` is not finite at step 6, in epoch 2: layers and gradients are finite" in str(caught.value)
    assert "the checkpoint of step 4 is kept" in str(caught.value)
    saved = read_weights(tmp_path / "weights.safetensors")
    assert saved.record.steps == 4
    assert saved.warnings == ()


def test_data_of_another_size_are_refused_with_both_shapes():
    with pytest.raises(NetError) as caught:
        tiny_task(data=toy(size=3))
    assert caught.value.code == "N607"
    assert "5x5x1" in str(caught.value)
    assert "4x4x1" in str(caught.value)


def test_more_classes_than_outputs_are_refused():
    with pytest.raises(NetError) as caught:
        tiny_task(TEXT.replace("classes=2", "classes=3"))
    assert caught.value.code == "N508"


def setting(*lines, **changed):
    """The weights of the toy's training with more settings, and what it gave."""
    text = TEXT
    for old, new in changed.items():
        text = text.replace(f"{old:<10} ", f"{old} {new} #")
    task = tiny_task(text.replace("train Tiny {", "train Tiny {\n  " + "\n  ".join(lines)))
    programs = reference_programs(task)
    return loop.train(task, programs), programs


def test_two_batches_of_four_are_one_of_eight():
    plain = {"optimizer": "sgd(lr=0.5)"}
    small, _ = setting("accumulate 2", **plain)
    large, _ = setting(batch="8", **plain)
    np.testing.assert_allclose(small.weights["d.weight"], large.weights["d.weight"], rtol=1e-5)


def test_an_early_stop_ends_the_training_with_its_epoch():
    done, _ = setting("stop early(patience=1, gain=100)", epochs="9")
    assert [epoch.number for epoch in done.epochs] == [1, 2]


def test_a_plateau_lowers_the_rate_of_the_next_epoch():
    _, programs = setting("schedule plateau(patience=1, gain=100, gamma=0.5)")
    assert [call["lr"] for call in programs.learning.calls] == [0.5] * 8 + [0.25] * 4


def test_a_score_that_is_not_measured_cannot_be_watched():
    with pytest.raises(NetError) as caught:
        setting("stop early(monitor=val_loss)", validation="0")
    assert "`stop` watches `val_loss`" in str(caught.value)


def test_a_batch_that_is_skipped_is_not_counted():
    task = tiny_task(TEXT.replace("train Tiny {", "train Tiny {\n  on_nan skip"))
    task.train.images[3] = np.inf
    done = loop.train(task, compiled(task))
    assert [epoch.train.images for epoch in done.epochs] == [12, 12, 12]
    assert np.isfinite(done.epochs[-1].validation.loss)


def test_metrics_and_checkpoints_have_the_names_that_the_file_gives(tmp_path):
    lines = ("metrics top1, confusion", 'checkpoint "m.{epoch:02d}-{val_loss:.1f}"')
    task = tiny_task(TEXT.replace("train Tiny {", "train Tiny {\n  " + "\n  ".join(lines)))
    done = loop.train(task, reference_programs(task), folder=tmp_path)
    names = [f"m.{e.number:02d}-{e.validation.loss:.1f}.safetensors" for e in done.epochs]
    assert all(
        read_weights(tmp_path / name).record.steps == e.steps for name, e in zip(names, done.epochs, strict=True)
    )
    assert (tmp_path / "metrics.csv").read_text().startswith("epoch,steps,loss,top1,val_loss,val_top1\n1,4,")
    first = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    assert np.sum(first["confusion"]) == 16 and np.sum(first["val_confusion"]) == 4


def test_a_checkpoint_of_a_score_that_is_not_measured_is_refused():
    with pytest.raises(NetError, match="the field `val_lose`"):
        setting('checkpoint "m.{val_lose:.2f}"')


def test_the_average_is_what_is_measured_and_saved(tmp_path):
    task = tiny_task(TEXT.replace("train Tiny {", "train Tiny {\n  ema 0.9"))
    programs = reference_programs(task)
    loop.train(task, programs, folder=tmp_path)
    saved = read_weights(tmp_path / "weights.safetensors").tensors
    expected = averaged(task.net, programs.weights, 0.9, 12)
    np.testing.assert_array_equal(saved["d.weight"], expected["d.weight"])
    np.testing.assert_array_equal(programs.measuring.weights["d.weight"], expected["d.weight"])
    assert not np.array_equal(saved["d.weight"], programs.weights["d.weight"])


def test_a_few_images_are_learned_by_heart():
    lines = ("overfit 4", "stop early", "schedule plateau", 'checkpoint "{val_loss}"')
    task = tiny_task(TEXT.replace("train Tiny {", "train Tiny {\n  " + "\n  ".join(lines)))
    done = loop.train(task, reference_programs(task))
    assert (len(task.train), task.validation, len(task.data)) == (4, None, 4)
    assert (task.settings.schedule.monitor, task.settings.stop) == ("loss", None)
    assert done.epochs[-1].train.images == 4


def test_validation_of_nothing_measures_nothing():
    task = tiny_task(TEXT.replace("validation 0.2", "validation 0"))
    done = loop.train(task, reference_programs(task))
    assert task.validation is None
    assert done.epochs[0].validation is None
    assert done.epochs[0].train.images == 20


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("input image", "input labels", "the input `labels`"),
        ("d: dense", "loss: dense", "the output `loss`"),
        ("d: dense", "finite: dense", "the output `finite`"),
        ("d: dense", "lr: dense", "the layer `lr`"),
        ("d: dense", "share: dense", "the layer `share`"),
    ],
)
def test_a_name_that_a_step_has_itself_is_refused(old, new, words):
    with pytest.raises(NetError, match=f"{words} has the name of what each step") as caught:
        tiny_task(TEXT.replace(old, new).replace("batch ", "accumulate 2\n  batch "))
    assert caught.value.code == "N508"
