"""Event files, where tensorboardX is installed, and a word on what is missing, where it is not."""

import os
import sys
from errno import ENOSPC

import pytest

from netdsl.errors import NetError
from netdsl.training.scores.metric import Score
from netdsl.training.scores.progress import Epoch, Silent
from netdsl.training.scores.tensorboard import TensorBoard

EPOCH = Epoch(1, 42, Score(0.5, {"accuracy": 0.8}, 90), Score(0.6, {"accuracy": 0.75}, 10))


class Heard(Silent):
    def __init__(self):
        self.told = []

    def epoch(self, epoch):
        self.told.append(epoch)


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(NetError) as caught:
        TensorBoard(tmp_path)
    assert caught.value.code == "N513"
    assert "netdsl[tensorboard]" in caught.value.diagnostics[0].help


def test_scores_of_both_parts_are_written_and_passed_on(tmp_path, monkeypatch):
    written, below = [], Heard()

    class Writer:
        def __init__(self, folder):
            written.append(folder)

        def add_scalar(self, name, value, step):
            written.append((name, value, step))

        def flush(self):
            pass

        def close(self):
            written.append("closed")

    monkeypatch.setattr("netdsl.training.scores.tensorboard.writer_class", lambda: Writer)
    board = TensorBoard(tmp_path, below)
    board.begin(1, 42)
    board.step(1, 42, 0.5)
    board.fed(1.0, 4.0)
    board.epoch(EPOCH)
    board.end()
    assert written == [
        str(tmp_path / "tensorboard"),
        ("loss/train", 0.5, 1),
        ("accuracy/train", 0.8, 1),
        ("loss/validation", 0.6, 1),
        ("accuracy/validation", 0.75, 1),
        ("waited/train", 0.25, 1),
        "closed",
    ]
    assert below.told == [EPOCH]


def test_a_disk_that_is_full_is_an_error_with_the_folder_and_no_second_one_at_the_end(tmp_path, monkeypatch):
    class Writer:
        def __init__(self, folder):
            self.add_scalar = print

        def flush(self):
            raise OSError(ENOSPC, os.strerror(ENOSPC))

        close = flush

    monkeypatch.setattr("netdsl.training.scores.tensorboard.writer_class", lambda: Writer)
    board = TensorBoard(tmp_path)
    with pytest.raises(NetError, match="tensorboard` cannot be written: no space left on device"):
        board.epoch(EPOCH)
    board.end()


def test_the_package_writes_one_file_of_events(tmp_path):
    pytest.importorskip("tensorboardX", reason="of the extra `tensorboard`")
    board = TensorBoard(tmp_path)
    board.epoch(EPOCH)
    board.end()
    (file,) = (tmp_path / "tensorboard").iterdir()
    assert file.name.startswith("events.out.tfevents.")
    assert b"accuracy/validation" in file.read_bytes()
