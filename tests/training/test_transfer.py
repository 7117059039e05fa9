"""Settings of a transfer: read, written, carried out, and kept with the weights."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner

from netdsl.cli.check import check
from netdsl.cli.summary import summary
from netdsl.cli.train import train
from netdsl.errors import NetError
from netdsl.language.load import load, parse
from netdsl.training.answers.trained import open_run
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.block.transfer import Transfer, recorded, told

TEXT = """net Small(classes=10) {
  input image: 28x28x1
  avgpool(4x4)
  a: dense(12, act=tanh)
  n: batchnorm
  o: dense(classes, act=softmax)
}
train Small {
  data      fashion_mnist | rescale
  optimizer sgd(lr=0.1)
  steps     2
}
"""


def transfer(*lines):
    return read_settings((), [one for line in lines for one in parse_override(line)]).transfer


def test_lines_of_a_block_are_read_and_written():
    lines = 'weights "w"; map "a.**=b.**"; fresh "x"; pop 2; append relu | dense(8, act=softmax); freeze "a", "b*"'
    net = parse(TEXT.replace("steps     2", lines.replace("; ", "\n  ")))
    texts = read_settings(net.settings).texts()
    assert {name: texts[name] for name in ("weights", "map", "fresh", "pop", "append", "freeze")} == {
        "weights": '"w"',
        "map": '"a.**=b.**"',
        "fresh": '"x"',
        "pop": "2",
        "append": "relu | dense(8, act=softmax)",
        "freeze": '"a", "b*"',
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pop=1.5", "`pop` is the number of layers"),
        ("pop=-1", "is -1; it must be from 0 to 1000"),
        ("weights=w", "in quotes"),
        ('map="a"', "two patterns"),
        ('map="*.a=b"', "1 on the left, 0 on the right"),
        ("freeze=3", "patterns of nodes"),
        ("append=3", "calls of layers"),
    ],
)
def test_values_that_do_not_fit_are_refused(line, words):
    with pytest.raises(NetError, match=words):
        transfer(line)


def test_a_new_head_follows_what_is_left():
    net = transfer("pop=2", "append=dropout(0.5) | dense(8, act=softmax)").edited(load("keras_mnist"))
    assert net.total == 86_640 + 64 * 8 + 8
    assert list(net.outputs.values()) == ["append.dense_1"]
    assert "softmax" in net.nodes["append.dense_1"].layer.text()


def test_what_is_appended_can_be_the_only_part_that_learns():
    net = transfer("pop=1", "append=dense(8)", 'freeze="**"', 'unfreeze="append"').edited(load("keras_mnist"))
    assert net.learned == ("append.weight", "append.bias")


def test_the_changes_are_read_from_a_record():
    settings = {"loss": "mse", "pop": "2", "append": "dense(8, act=softmax)", "freeze": '"**"'}
    assert recorded(settings).reshaped(load("keras_mnist")).nodes["append"].shape == (8,)
    assert recorded({"loss": "mse"}) == Transfer()


def test_a_frozen_batch_norm_is_told():
    net = transfer('freeze="batch*"', 'weights="w"').edited(load("keras_mnist"))
    lines = told(net, transfer('weights="w"'))
    assert lines[0] == "frozen 1 of 5 layers with weights: 87,034 numbers learn, 256 do not"
    assert lines[1] == "on stored statistics, as they are frozen: batch_normalization_1"


def run(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.net").write_text(TEXT)
    run(train, "small.net", "--out", "first")
    return tmp_path


def test_a_second_training_begins_with_the_weights_of_the_first(home):
    frozen = ["--freeze", "a", "--freeze", "n"]
    output = run(train, "small.net", "--weights", "first", "--fresh", "o", *frozen, "--out", "second")
    assert "re-initialised  o.weight: `fresh` asks for it" in output
    assert "on stored statistics, as they are frozen: n" in output
    first, second = open_run("first").weights, open_run("second").weights
    for name in ("a.weight", "a.bias", "n.gamma", "n.beta", "n.mean", "n.var"):
        np.testing.assert_array_equal(first[name], second[name])
    assert not np.array_equal(first["o.weight"], second["o.weight"])
    rows = list(csv.DictReader((home / "second" / "transfer.csv").read_text().splitlines()))
    assert {row["tensor"]: row["outcome"] for row in rows}["a.weight"] == "loaded"
    assert len(rows) == 8


def test_a_changed_net_is_the_one_that_its_run_holds(home):
    run(
        train,
        "small.net",
        "--weights",
        "first",
        "--pop",
        1,
        "--append",
        "relu | dense(10, act=softmax)",
        "--out",
        "cut",
    )
    opened = open_run("cut")
    assert list(opened.net.outputs.values()) == ["append.dense_1"]
    assert opened.record.settings["pop"] == "1"


def test_a_net_in_which_nothing_learns_is_refused(home):
    with pytest.raises(NetError) as caught:
        run(train, "small.net", "--freeze", "**")
    assert caught.value.code == "N523"
    assert not (home / "runs").exists()


def test_summary_counts_what_is_cut_off_and_frozen(home):
    assert "Total params: 86,640" in run(summary, "keras_mnist", "--pop", 2, "--format", "keras")
    three = ["--freeze", "conv1_1", "--freeze", "max_pooling2d_1", "--freeze", "dropout_1"]
    found = run(summary, "keras_mnist", *three, "--format", "keras")
    assert "Trainable params: 86,122\nNon-trainable params: 1,168" in found
    assert "Trainable params: 0" in run(summary, "keras_mnist", "--freeze", "**", "--format", "keras")


def test_fresh_nodes_are_looked_for_without_weights_as_well(home):
    (home / "own.net").write_text(TEXT)
    found = CliRunner().invoke(train, ["own.net", "--fresh", "nope", "--dry-run"])
    assert found.exception.code == "N520"


def test_an_option_without_a_value_is_named(home):
    found = CliRunner().invoke(summary, ["keras_mnist", "--append", ""])
    assert "`--append` has no value" in str(found.exception)


def test_check_finds_a_name_that_is_frozen_and_does_not_exist(home):
    (home / "slip.net").write_text(TEXT.replace("steps     2", 'freeze "b"'))
    found = run(check, "slip.net")
    assert "error[N520]: `Small` has no node `b`" in found
    assert "slip.net:11:10" in found
