"""Checkpoints: two are kept, all of each is checked, and a damaged one costs a few steps."""

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.graph.weights import Weights
from netdsl.training.keeping.checkpoint import build, checkpoints, latest, read_checkpoint, write_checkpoint
from netdsl.training.keeping.state import State

from .test_weights_file import RECORD

ARRAYS = {"d.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "d.weight@momentum": np.ones((2, 3), np.float32)}


def write(folder, *steps):
    for step in steps:
        write_checkpoint(folder, Weights(ARRAYS), RECORD, State(step=step))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_read_is_what_was_written(tmp_path):
    write(tmp_path, 12)
    found = read_checkpoint(tmp_path / "step-12.checkpoint")
    assert all(np.array_equal(found.tensors[name], array) for name, array in ARRAYS.items())
    assert (found.record, found.state, found.build) == (RECORD, State(step=12), build())


def test_the_last_two_are_kept(tmp_path):
    write(tmp_path, 4, 8, 12)
    assert names(tmp_path) == ["step-12.checkpoint", "step-8.checkpoint"]


def test_later_ones_go_when_a_run_is_taken_up_before_them(tmp_path):
    write(tmp_path, 4, 12, 8)
    assert names(tmp_path) == ["step-4.checkpoint", "step-8.checkpoint"]


def test_ten_comes_after_nine(tmp_path):
    write(tmp_path, 9, 10)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-10.checkpoint", "step-9.checkpoint"]


def test_without_one_nothing_can_be_resumed(tmp_path):
    with pytest.raises(NetError, match="holds no checkpoint") as caught:
        latest(tmp_path)
    assert caught.value.code == "N530"


def test_where_none_is_whole_the_newest_says_why(tmp_path):
    write(tmp_path, 4, 8)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(NetError, match=r"step-8.* is damaged") as caught:
        latest(tmp_path)
    assert caught.value.code == "N531"


def test_a_weight_file_is_no_checkpoint(tmp_path):
    from netdsl.training.keeping.weights_file import write_weights

    write_weights(tmp_path / "step-3.checkpoint", ARRAYS, RECORD)
    with pytest.raises(NetError, match="is not a netdsl checkpoint"):
        latest(tmp_path)
