"""Nets whose outputs have labels of their own: from the arrays of an archive to scores, answers and the report."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from netdsl.cli.compile import compile_plan
from netdsl.cli.eval import evaluate
from netdsl.cli.features import features
from netdsl.cli.predict import predict
from netdsl.cli.report import report
from netdsl.cli.train import train
from netdsl.data.open import open_inputs
from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.block.settings import read_settings
from netdsl.training.loop import inputs_of, outputs_of, prepare
from netdsl.training.session import resume, train_net
from netdsl.training.terms import Terms

from .conftest import StopAt, reference_programs

TEXT = """net Find {
  input image: 6x6x1
  f: flatten | dense(12, act=relu)
  cls: dense(3, act=softmax)
  box: from f | dense(4)
  output cls, box
}
train Find {
  data       "find.npz" | rescale
  loss       cls=cross_entropy, box=mse(weight=0.5)
  optimizer  adam(lr=0.02)
  epochs     2
  batch      16
  checkpoint best(monitor=val_box_mae)
}
"""


def examples(count=80, seed=0):
    """A block, a row or a column somewhere, and where it is: top, left, height, width, in sixths."""
    random = np.random.default_rng(seed)
    cls, places = random.integers(0, 3, count), random.integers(0, 4, (count, 2))
    sizes = np.array([(3, 3), (1, 3), (3, 1)])[cls]
    image = np.zeros((count, 6, 6), np.uint8)
    for one, (y, x), (h, w) in zip(image, places, sizes, strict=True):
        one[y : y + h, x : x + w] = 255
    return {"image": image, "cls": cls, "box": np.hstack([places, sizes]) / 6}


def write(leave=(), **changes):
    parts = {"train": examples(), "test": examples(seed=1)}
    arrays = {f"{name}_{part}": array for part in parts for name, array in parts[part].items()} | changes
    np.savez("find.npz", **{name: array for name, array in arrays.items() if name not in leave})


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "find.net").write_text(TEXT)
    write()
    return tmp_path


def run(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def opened(text=TEXT):
    net = parse(text)
    return open_inputs("find.npz", inputs_of(net), outputs_of(net))


def test_each_output_is_learned_and_scored_by_its_own_labels(home):
    said = run(train, "find.net", "--out", "run", "--epochs", 10)
    assert "val_cls_accuracy" in said and "val_box_mae" in said
    found = json.loads(run(evaluate, "run", "--format", "json", "--metrics", "accuracy,recall,mae"))
    assert found["cls_accuracy"] > 0.6 and found["box_mae"] < 0.2
    assert found["loss"] == pytest.approx(found["cls_loss"] + 0.5 * found["box_loss"])
    assert len(found["cls_recall_by_class"]) == 3
    assert "class of cls" in run(evaluate, "run", "--metrics", "confusion")
    assert (home / "run" / "best.safetensors").exists()


def test_step_is_the_weighted_sum_of_what_each_output_lacks(home):
    net = parse(TEXT)
    task = prepare(net, read_settings(net.settings), opened().train)
    images, labels, targets = next(iter(task.train.batches(16, np.arange(16))))
    found = reference_programs(task).learning.step(
        {"image": images, **task.objective.feed(targets)}, **task.course().scalars(1)
    )
    cross = -np.log(found["cls"][np.arange(16), labels[""]]).mean()
    square = np.square(found["box"] - labels["box"]).mean()
    assert found["loss:cls"] == pytest.approx(cross) and found["loss:box"] == pytest.approx(square)
    assert found["loss"] == pytest.approx(cross + 0.5 * square)


def test_a_stopped_run_ends_with_the_same_bits(home):
    net = parse(TEXT)
    train_net(net, out=home / "whole")
    assert train_net(net, out=home / "parts", terms=Terms(progress=StopAt(7))).stopped
    resume(home / "parts")
    for name in ("weights.safetensors", "metrics.csv", "best.safetensors"):
        assert (home / "whole" / name).read_bytes() == (home / "parts" / name).read_bytes()


def test_a_plan_file_is_measured_as_its_run(home):
    run(train, "find.net", "--out", "run", "--no-report")
    run(compile_plan, "run", "-o", "find.plan")
    whole, plan = (json.loads(run(evaluate, one, "--format", "json")) for one in ("run", "find.plan"))
    assert whole == pytest.approx(plan)


def test_every_output_answers(home):
    write(cls_classes=np.array(["block", "row", "column"]))
    run(train, "find.net", "--out", "run", "--no-report")
    np.savez("ask.npz", x=examples(seed=1)["image"][:2])
    (one, _) = json.loads(run(predict, "run", "ask.npz", "--format", "json"))
    assert {guess["name"] for guess in one["outputs"]["cls"]} == {"block", "row", "column"}
    assert [guess["name"] for guess in one["outputs"]["box"]] == ["0", "1", "2", "3"]
    assert one["classes"] == one["outputs"]["cls"]
    (home / "ask.npz").rename(home / "ASK.NPZ")
    assert "  box\n" in run(predict, "run", "ASK.NPZ")


def test_the_mean_of_a_net_with_itself_is_measured_as_the_net(home):
    run(train, "find.net", "--out", "run", "--no-report")
    alone, both = (json.loads(run(evaluate, "run", *more, "--format", "json")) for more in ([], ["--ensemble", "run"]))
    assert both == pytest.approx(alone, abs=1e-6)


def test_features_bring_the_labels_of_each_output(home):
    run(train, "find.net", "--out", "run", "--steps", 1, "--no-report")
    run(features, "run", "--at", "cls", "--out", "found.npz")
    with np.load("found.npz") as found:
        np.testing.assert_allclose(found["train_labels_box"], examples()["box"], rtol=1e-6)
        assert found["train_labels"].tolist() == examples()["cls"].tolist()


def test_a_report_tells_of_each_output(home):
    run(train, "find.net", "--out", "run", "--steps", 2)
    run(report, "run")
    text = (home / "run" / "report.html").read_text()
    assert "Confusion matrix, cls" in text and "Said against right, box" in text


def test_a_rehearsal_names_the_labels_of_each_output(home):
    said = run(train, "find.net", "--dry-run")
    assert "output    cls: 3 classes, cross_entropy" in said
    assert "output    box: 4 numbers, mse, weight 0.5\n" in said


def test_metrics_are_asked_of_one_output_or_of_all_that_they_fit(home):
    run(train, "find.net", "--out", "run", "--steps", 1, "--no-report", "--set", "metrics=top2, mae")
    assert (home / "run" / "metrics.csv").read_text().startswith("epoch,steps,loss,cls_loss,cls_top2,box_loss,box_mae,")
    found = json.loads(run(evaluate, "run", "--format", "json", "--metrics", "cls=mse, cls=top1, box=mse"))
    assert [name for name in found if "_" in name] == ["cls_loss", "cls_mse", "cls_top1", "box_loss", "box_mse"]


def test_a_head_learns_labels_of_its_own_and_is_not_measured(home):
    text = TEXT.replace("  box:", "  head side(weight=0.3) from f { dense(2, act=softmax) }\n  box:")
    (home / "find.net").write_text(text.replace("box=mse", "side=cross_entropy, box=mse"))
    write(**{f"side_{part}": np.arange(80) % 2 for part in ("train", "test")})
    assert "head      side: 2 classes, cross_entropy, weight 0.3" in run(train, "find.net", "--dry-run")
    run(train, "find.net", "--out", "run", "--steps", 1)
    assert "side" not in (home / "run" / "metrics.csv").read_text()
    write()  # a test needs no labels of heads
    assert "cls_accuracy" in run(evaluate, "run")


def test_whole_numbers_of_one_number_are_numbers_to_learn(home):
    net = TEXT.replace("box: from f | dense(4)", "age: from f | dense(1)").replace("box", "age")
    write(age_train=np.arange(80), age_test=np.arange(80))
    age = opened(net).train.others["age"]
    assert age.classes == () and age.labels.shape == (80, 1) and age.labels.dtype == np.float32


def test_whole_pixels_of_a_box_are_numbers_too(home):
    write(**{f"box_{part}": np.ones((80, 4), np.int64) for part in ("train", "test")})
    assert opened().train.others["box"].labels.dtype == np.float32


def test_outputs_and_heads_without_an_array_take_the_labels(home):
    write(leave=("cls_train", "cls_test"), labels_train=np.arange(80) % 3, labels_test=np.arange(80) % 3)
    found = opened().train
    assert found.labels[:4].tolist() == [0, 1, 2, 0]
    assert list(found.others) == ["box"]


def test_names_of_the_classes_are_those_of_their_output(home):
    write(cls_classes=np.array(["block", "row", "column"]), classes=np.array(["a", "b"]))
    assert opened().train.classes == ("block", "row", "column")


def test_other_labels_are_other_data(home):
    before = opened().train.digest
    write(box_train=examples()["box"] + 1)
    assert opened().train.digest != before


@pytest.mark.parametrize(
    ("leave", "changes", "code", "words"),
    [
        (("box_train",), {}, "N612", "has no array `box_train`"),
        (("box_test",), {}, "N612", "has no array `box_test`"),
        (
            ("box_test",),
            {"labels_test": np.arange(80) % 3},
            "N612",
            "`box_train` has labels of the output `box`: each part",
        ),
        (("box_train", "box_test"), {}, "N612", "has no array `box_train`"),
        ((), {"box_train": np.zeros((79, 4))}, "N605", "holds 80 images, `box_train` 79 labels"),
        ((), {"box_train": np.zeros((80, 3))}, "N612", "`box_train` has 3 numbers an example, and the output has 4"),
        ((), {"box_train": np.full((80, 4), np.nan)}, "N612", "`box_train` is not finite at (0, 0)"),
        ((), {"cls_train": np.zeros(80)}, "N612", "`cls_train` has 1 number an example, and the output has 3"),
        ((), {"cls_classes": np.array(["a", "b"])}, "N605", "but there are 2 classes, 0 to 1"),
        ((), {"cls_train": np.full(80, 5)}, "N508", "the output `cls` is 3, and the data have 6 classes"),
        ((), {"cls_train": np.zeros(80, int), "cls_test": np.zeros(80, int)}, "N605", "`cls_train` has one class only"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(home, leave, changes, code, words):
    write(leave, **changes)
    with pytest.raises(NetError) as caught:
        run(train, "find.net", "--out", "run", "--steps", 1)
    assert caught.value.code == code
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ("loss=cross_entropy", "N508", "the output `box` is 4, and the labels are numbers: `cross_entropy` takes"),
        ("loss=bx=mse", "N508", "`loss bx=` is of an output that the net has not got: there are `cls`, `box`"),
        ("metrics=top4", "N507", "the metric `top4` fits no output; the labels are: `cls` 3 classes, `box` numbers"),
        ("metrics=box=top1", "N507", "the metric `top1` does not fit `box`"),
        ("metrics=bx=mae", "N507", "`metrics bx=mae` is of an output that is not measured: there are `cls`, `box`"),
        ("stop=early(monitor=val_accuracy)", "N507", "there are `loss`, `cls_loss`, `cls_accuracy`, `box_loss`"),
    ],
)
def test_settings_that_do_not_fit_are_refused(home, setting, code, words):
    with pytest.raises(NetError) as caught:
        run(train, "find.net", "--set", setting)
    assert caught.value.code == code
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("leave", "changes", "code", "words"),
    [
        (
            (),
            {"cls_classes": np.array(["x", "y", "z"])},
            "N512",
            "`x`, `y`, `z`; the net was trained for `block`, `row`",
        ),
        ((), {"box_train": np.arange(80) % 4, "box_test": np.arange(80) % 4}, "N512", "was trained for 4 numbers"),
        (("box_train", "box_test"), {"labels_test": np.arange(80)}, "N612", "has no array `box_train`"),
    ],
)
def test_other_labels_are_no_test_of_the_net(home, leave, changes, code, words):
    write(cls_classes=np.array(["block", "row", "column"]))
    run(train, "find.net", "--out", "run", "--steps", 1, "--no-report")
    write(leave, **changes)
    with pytest.raises(NetError) as caught:
        run(evaluate, "run")
    assert caught.value.code == code
    assert words in str(caught.value)


def test_nets_with_other_classes_of_a_further_output_are_not_asked_together(home):
    (home / "find.net").write_text(TEXT.replace("output cls, box", "output box, cls"))
    for out, names in (("a", ["block", "row", "column"]), ("b", ["row", "block", "column"])):
        write(cls_classes=np.array(names))
        run(train, "find.net", "--out", out, "--steps", 1, "--no-report")
    np.savez("ask.npz", x=examples()["image"][:2])
    with pytest.raises(NetError, match="differ in their classes: `row, block, column`") as caught:
        run(predict, "a", "ask.npz", "--ensemble", "b")
    assert caught.value.code == "N528"


SEGMENT = """net Segment {
  input image: 6x6x1
  f: conv(4, 3x3, act=relu)
  cls: flatten | dense(3, act=softmax)
  mask: from f | conv(2, 1x1) | softmax
  output cls, mask
}
train Segment {
  data    "find.npz" | rescale
  augment flip(both) | mixup
  steps   1
  metrics accuracy, mask=iou
}
"""


def test_a_class_and_a_mask_are_learned_measured_and_drawn(home):
    (home / "find.net").write_text(SEGMENT)
    masks = {f"mask_{part}": examples(seed=k)["image"] // 255 for k, part in enumerate(("train", "test"))}
    write(leave=("box_train", "box_test"), mask_classes=np.array(["ground", "figure"]), **masks)
    assert "cut to the output's 4x4, about the centre of 6x6" in run(train, "find.net", "--out", "run")
    found = json.loads(run(evaluate, "run", "--format", "json"))
    assert len(found["mask_iou_by_class"]) == 2 and 0 <= found["mask_accuracy"] <= 1
    run(predict, "run", "find.npz", "--masks", "drawn")
    assert len(list((home / "drawn").iterdir())) == 80
    assert "Confusion matrix, mask" in (home / "run" / "report.html").read_text()
