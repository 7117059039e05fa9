"""Nets whose outputs have columns of a table of their own."""

import pytest
from click.testing import CliRunner

from netdsl.cli.train import train
from netdsl.data.open import open_inputs
from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.loop import inputs_of, outputs_of

TABLE = """net Cats {
  input measured: 3
  f: dense(8, act=relu)
  kind: dense(3, act=softmax)
  age: from f | dense(1)
  output kind, age
}
train Cats { data "cats.csv" | standardize(pixel); loss kind=cross_entropy, age=mse; steps 3; validation 0.25 }
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(changed=None, count=24):
    kinds = ("lion", "lynx", "puma")
    lines = [f"{i % 5},{kinds[i % 3]},{i % 7},{i},{i % 4}" for i in range(count)]
    return "\n".join(["a,kind,b,age,c", *lines, *([changed] if changed else []), ""])


def test_outputs_take_the_columns_of_a_table_that_have_their_names(home):
    (home / "cats.csv").write_text(rows())
    net = parse(TABLE)
    found = open_inputs("cats.csv", inputs_of(net), outputs_of(net)).train
    assert found.shape == (3,) and found.classes == ("lion", "lynx", "puma")
    assert found.others["age"].labels[:3].tolist() == [[0.0], [1.0], [2.0]]
    (home / "cats.net").write_text(TABLE)
    said = CliRunner().invoke(train, ["cats.net", "--out", "run"]).output
    assert "val_kind_accuracy" in said and "val_age_mae" in said
    assert "Said against right, age" in (home / "run" / "report.html").read_text()


def test_parts_of_a_table_have_the_same_columns(home):
    for part in ("train", "test"):
        (home / f"x_{part}.csv").write_text(rows())
    net = parse(TABLE)
    found = open_inputs("x_train.csv", inputs_of(net), outputs_of(net))
    assert found.test.others["age"].classes == () and found.test.labels.tolist() == found.train.labels.tolist()
    (home / "x_test.csv").write_text(rows().replace("age", "label"))
    with pytest.raises(NetError, match="has columns for the outputs `kind`") as caught:
        open_inputs("x_train.csv", inputs_of(net), {"kind": (3,), "age": (1,), "size": (1,)})
    assert caught.value.code == "N611"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (rows("1,puma,2,old,3"), "N605", "`age`: label 24, `old`"),
        (rows("1,,2,5,3"), "N611", "example 24 has no label"),
        (rows().replace("c\n", "age\n", 1), "N611", "has 2 columns called `age`"),
        (rows().replace("age", "years"), "N611", "has columns for the outputs `kind`, and none for `age`"),
    ],
)
def test_columns_that_do_not_fit_are_refused(home, text, code, words):
    (home / "cats.csv").write_text(text)
    net = parse(TABLE)
    with pytest.raises(NetError) as caught:
        open_inputs("cats.csv", inputs_of(net), outputs_of(net))
    assert caught.value.code == code
    assert words in str(caught.value)
