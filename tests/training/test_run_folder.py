"""Where a run goes, and what lies in its folder."""

import json
from shlex import split
from types import SimpleNamespace

import pytest

from netdsl.errors import NetError
from netdsl.training.keeping.run_folder import (
    check_empty,
    named_folder,
    new_folder,
    weights_path,
    write_metrics,
    write_texts,
)
from netdsl.training.scores.metric import Score
from netdsl.training.scores.progress import Epoch


def test_a_second_run_gets_a_number(tmp_path):
    assert [new_folder("lenet5", root=tmp_path / "runs").name for _ in range(3)] == ["lenet5", "lenet5-2", "lenet5-3"]


def test_an_empty_folder_is_filled_and_another_is_refused(tmp_path):
    assert named_folder(tmp_path / "new") == tmp_path / "new"
    assert named_folder(tmp_path / "new") == tmp_path / "new"
    check_empty(tmp_path / "new")
    (tmp_path / "new" / "notes.txt").touch()
    with pytest.raises(NetError) as caught:
        check_empty(tmp_path / "new")
    assert caught.value.code == "N510"


def test_the_command_that_goes_on_can_be_copied_whatever_the_folder_is_called(tmp_path):
    folder = tmp_path / "a night's run"
    folder.mkdir()
    (folder / "step-1.checkpoint").touch()
    with pytest.raises(NetError) as caught:
        check_empty(folder)
    assert split(caught.value.diagnostics[0].help)[-1] == str(folder)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    for make in (lambda: named_folder(tmp_path / "file" / "run"), lambda: new_folder("run", root=tmp_path / "file")):
        with pytest.raises(NetError) as caught:
            make()
        assert caught.value.code == "N505"


def test_imports_lie_beside_the_net_and_shipped_ones_do_not(tmp_path):
    texts = {"my.net": "main", "blocks/a.net": "block", "netdsl:blocks/b.net": "shipped"}
    write_texts(tmp_path, SimpleNamespace(main="my.net", texts=texts))
    found = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*.net")}
    assert found == {"net.net": "main", "blocks/a.net": "block"}


def test_a_folder_without_weights_is_no_run(tmp_path):
    with pytest.raises(NetError, match=r"it has no `weights.safetensors`"):
        weights_path(tmp_path)


def test_the_runs_inside_a_run_of_several_nets_are_named(tmp_path):
    (tmp_path / "Generator").mkdir()
    (tmp_path / "Generator" / "weights.safetensors").touch()
    with pytest.raises(NetError) as caught:
        weights_path(tmp_path)
    assert str(tmp_path / "Generator") in caught.value.diagnostics[0].help


def test_metrics_without_validation_leave_its_columns_empty(tmp_path):
    epoch = Epoch(1, 7, Score(0.5, {"accuracy": 0.25}, 9, {"recall": [0.5, None]}), None)
    write_metrics(tmp_path, [epoch], ("loss", "accuracy", "val_loss", "val_accuracy"))
    assert (tmp_path / "metrics.csv").read_text() == (
        "epoch,steps,loss,accuracy,val_loss,val_accuracy\n1,7,0.5,0.25,,\n"
    )
    line = json.loads((tmp_path / "metrics.jsonl").read_text())
    assert (line["accuracy"], line["val_loss"], line["recall"]) == (0.25, None, [0.5, None])
