"""`netdsl report` and `netdsl replay`, on runs of the engine with data of a few images."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

from netdsl.cli import main
from netdsl.cli import report as reporting

DENSE = (
    "net Tiny(n=2) {{ input x: 6x6x1; d: dense(n{act}) }}\ntrain Tiny {{ data {data}; {rest}; epochs 2; batch 8 }}\n"
)


def call(*arguments, code=0):
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def classes(rng):
    y = np.arange(40) % 2
    x = (rng.integers(0, 90, (40, 6, 6)) + 150 * y[:, None, None]).astype(np.uint8)
    return x, y, np.array(["<b>dark", "light & bright"])


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y, names = classes(np.random.default_rng(0))
    np.savez("data.npz", x=x, y=y, classes=names)
    (tmp_path / "tiny.net").write_text(
        DENSE.format(act=", act=softmax", data='"data.npz" | rescale', rest="clip norm(1)")
    )
    return tmp_path


@pytest.fixture
def run(home):
    call("train", "tiny.net", "-p", "n=2", "--out", "run", "--set", "clip=none", "--seed", 3)
    return home / "run"


def page(run):
    return (run / "report.html").read_text("utf-8")


def headings(text):
    return re.findall("<h2>(.*?)</h2>", text)


def test_training_writes_a_page_with_every_part(run):
    text = page(run)
    assert headings(text) == [
        "Outcome",
        "Curves",
        "Confusion matrix",
        "Most confused pairs",
        "Worst images",
        "First filters",
        "Architecture",
        "Settings",
        "The same again",
    ]
    assert "Left out" not in text and "<b>dark" not in text and "&lt;b&gt;dark" in text


def test_page_is_written_again_with_the_same_bytes(run):
    before = page(run)
    (run / "report.html").unlink()
    assert call("report", "run") == "run/report.html\n"
    assert page(run) == before


def test_command_on_the_page_repeats_the_run(run):
    line = re.search("<pre><code>netdsl (.*?)</code>", page(run))[1].replace("&#x27;", "'")
    assert line == "train run/net.net:Tiny -p n=2 --set clip=none --set seed=3"
    call(*line.split(), "--out", "again", "--no-report")
    assert not (run.parent / "again" / "report.html").exists()
    assert (run.parent / "again" / "metrics.jsonl").read_bytes() == (run / "metrics.jsonl").read_bytes()


def test_numbers_as_labels_have_a_chart_and_no_matrix(home):
    x, y, _ = classes(np.random.default_rng(0))
    np.savez("data.npz", x=x, y=np.stack([y + 0.5, -y], 1).astype(np.float32))
    (home / "tiny.net").write_text(DENSE.format(act="", data='"data.npz" | rescale', rest="loss mse"))
    call("train", "tiny.net", "--out", "run")
    assert "Left out" not in page(home / "run")
    assert headings(page(home / "run"))[2:4] == ["Said against right", "Worst examples"]


def test_masks_are_shown_beside_the_answer(home):
    x, _, _ = classes(np.random.default_rng(0))
    np.savez("data.npz", x=x, y=(x > 120).astype(np.int64))
    (home / "mask.net").write_text(
        "net M { input x: 6x6x1; conv(2, 3x3, pad=same, act=softmax) }\n"
        'train M { data "data.npz" | rescale; epochs 1; batch 8 }\n'
    )
    call("train", "mask.net", "--out", "run")
    text = page(home / "run")
    assert "Left out" not in text and text.count('<figure class="three">') == 4


def test_series_are_listed_without_pictures(home):
    x, y, _ = classes(np.random.default_rng(0))
    np.savez("data.npz", x=x.reshape(40, 36, 1), y=y)
    (home / "s.net").write_text(
        "net S { input x: 36x1; conv(3, 5) | global_avgpool | dense(2, act=softmax) }\n"
        'train S { data "data.npz" | rescale; epochs 1; batch 8 }\n'
    )
    call("train", "s.net", "--out", "run")
    assert "Left out" not in page(home / "run") and "number in the data" in page(home / "run")


def test_without_validation_the_training_images_are_examined(home):
    call("train", "tiny.net", "--out", "run", "--set", "validation=0")
    assert "40 training images." in page(home / "run")


@pytest.mark.parametrize("gone", ["metrics.csv", "weights.safetensors", "net.net"])
def test_a_file_that_is_missing_costs_its_parts_alone(run, gone):
    (run / gone).unlink()
    call("report", "run")
    assert headings(page(run))[-1] == "The same again"
    assert ("No epoch was finished." in page(run)) == (gone == "metrics.csv")


def test_other_data_are_not_examined(run):
    np.savez("data.npz", x=np.zeros((40, 6, 6), np.uint8), y=np.arange(40) % 2)
    call("report", "run")
    assert "their SHA-256 is another" in page(run)
    assert "error[N550]" in call("replay", "run", code=1)


def test_nothing_makes_a_finished_training_fail(home, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr(reporting, "page_of", broken)
    output = call("train", "tiny.net", "--out", "run")
    assert "report.html was not written: RuntimeError: a bug" in output and "saved to run" in output


def test_replay_gives_the_same_bits(run):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    lines = call("replay", "run", "--threads", 2).splitlines()
    assert lines[-1] == "after 10 steps: the same bits"
    assert "equal      weights: 2 tensors, 74 numbers" in lines
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_replay_says_what_differs(run):
    config = json.loads((run / "config.json").read_text())
    config["settings"]["seed"], config["versions"]["numpy"] = "4", "1.0"
    (run / "config.json").write_text(json.dumps(config))
    output = call("replay", "run", code=1)
    assert re.search(r"^different  d\.weight: \d+ of 72 numbers differ, by up to 0\.", output, re.M)
    assert re.search(r"^different  metrics\.csv: 2 of 3 lines differ; line 2 was `1,5,", output, re.M)
    assert "numpy was 1.0, is " in output and output.endswith("after 10 steps: not the same bits\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "N510"), ("{", "N551"), ("[]", "N551"), ('{"net": "Tiny"}', "N551"), ("[" * 100_000, "N551")],
)
def test_a_folder_without_its_config_is_refused(run, text, code):
    (run / "config.json").unlink()
    if text is not None:
        (run / "config.json").write_text(text)
    for verb in ("report", "replay"):
        assert f"error[{code}]" in call(verb, "run", code=1)


def test_run_of_several_nets_is_refused(run):
    config = json.loads((run / "config.json").read_text())
    config["settings"] = {"G.epochs": "1", "D.epochs": "1"}
    (run / "config.json").write_text(json.dumps(config))
    for verb in ("report", "replay"):
        assert "is the run of several nets" in call(verb, "run", code=1)


def test_metrics_that_are_no_numbers_are_refused(run):
    (run / "metrics.csv").write_text("epoch,steps,loss\n1,5,much\n")
    assert "error[N551]" in call("replay", "run", code=1)
