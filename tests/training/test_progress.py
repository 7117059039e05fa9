"""One plain line an epoch, unless somebody watches."""

import io

from netdsl.training.scores.metric import Score
from netdsl.training.scores.progress import Bar, Epoch, Lines, Silent, choose

EPOCH = Epoch(3, 42, Score(0.51234, {"accuracy": 0.8}, 90), Score(0.6, {"accuracy": 0.75}, 10))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_an_epoch_is_one_line():
    stream = io.StringIO()
    progress = choose(stream)
    assert type(progress) is Lines
    progress.begin(30, 420)
    progress.step(3, 42, 0.5)
    progress.epoch(EPOCH)
    progress.end()
    line = stream.getvalue()
    assert line.startswith("epoch  3/30  loss 0.5123  accuracy 0.8000  val_loss 0.6000  val_accuracy 0.7500  0.0 s")
    assert line.count("\n") == 1


def test_the_last_line_says_how_long_the_engine_waited_for_data():
    stream = io.StringIO()
    progress = Lines(stream)
    progress.fed(0.5, 2.0)
    progress.fed(0.0, 3.0)
    progress.end()
    assert stream.getvalue() == "the engine waited for data 10 % of the time\n"


def test_a_terminal_gets_a_bar_with_the_time_left(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    progress = choose(stream)
    assert type(progress) is Bar
    progress.begin(30, 420)
    progress.step(1, 42, 0.5)
    progress.epoch(EPOCH)
    progress.end()
    assert "epoch 1/30  loss 0.5000" in stream.getvalue()
    assert "10 %" in stream.getvalue()
    assert "val_accuracy 0.7500" in stream.getvalue()


def test_without_a_stream_nothing_is_told():
    assert type(choose(None)) is Silent
