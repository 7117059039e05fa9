"""Scores for TensorBoard, beside whatever else shows the progress: `tensorboard --logdir RUN/tensorboard`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.training.scores.progress import Epoch, Progress, Silent

FOLDER = "tensorboard"


def writer_class() -> Any:
    """What writes event files; `NetError` N513 where tensorboardX is missing."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        words = "TensorBoard's files are written by tensorboardX, which is not installed"
        advice = "`pip install 'netdsl[tensorboard]'` brings it; `metrics.csv` and `metrics.jsonl` are written anyway"
        raise fail("N513", words, help=advice) from None
    return SummaryWriter


class TensorBoard(Silent):
    """Writes `loss/train`, `loss/validation` and so on for each epoch, and `waited/train`, the share of the time of its
    batches in which the engine waited for data; tells `below` all that it is told.
    """

    def __init__(self, run: Path, below: Progress | None = None) -> None:
        self._waited = 0.0
        self._below = below or Silent()
        self._folder = run / FOLDER
        self._writer = writer_class()(str(self._folder))

    def begin(self, epochs: int, steps: int) -> None:
        self._below.begin(epochs, steps)

    def step(self, epoch: int, steps: int, loss: float) -> None:
        self._below.step(epoch, steps, loss)

    def fed(self, waited: float, seconds: float) -> None:
        self._waited = waited / seconds if seconds else 0.0
        self._below.fed(waited, seconds)

    def epoch(self, epoch: Epoch) -> None:
        parts = {"train": epoch.train} | ({"validation": epoch.validation} if epoch.validation else {})
        scores = {f"{name}/{part}": value for part, score in parts.items() for name, value in score.values().items()}
        try:
            for name, value in (scores | {"waited/train": self._waited}).items():
                self._writer.add_scalar(name, value, epoch.number)
            self._writer.flush()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise fail("N505", f"{quoted(self._folder)} cannot be written: {reason}") from None
        self._below.epoch(epoch)

    def note(self, line: str) -> None:
        self._below.note(line)

    def end(self) -> None:
        with suppress(OSError):  # each epoch was flushed, and what ended the training is the one thing to be told
            self._writer.close()
        self._below.end()
