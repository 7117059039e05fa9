"""One run a folder."""

import os

import pytest

from netdsl.errors import NetError
from netdsl.training.keeping.lock import LOCK, RunLock


def test_a_second_run_is_told_which_process_has_the_folder(tmp_path):
    with RunLock(tmp_path), pytest.raises(NetError, match=f"is in use by process {os.getpid()}") as caught:
        RunLock(tmp_path).__enter__()
    assert caught.value.code == "N534"


def test_the_lock_leaves_nothing(tmp_path):
    with RunLock(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
    assert not list(tmp_path.iterdir())


def test_a_lock_that_a_killed_process_left_holds_nobody_up(tmp_path):
    (tmp_path / LOCK).write_text("12345678\n")
    with RunLock(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"


def test_a_folder_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(NetError, match="cannot be written: no such file") as caught:
        RunLock(tmp_path / "gone").__enter__()
    assert caught.value.code == "N505"
