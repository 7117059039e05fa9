"""How a training shows where it is: a moving line on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import IO, Any, Protocol

from netdsl.training.scores.metric import Score

REFRESH = 0.1
"""Seconds between two updates of the moving line."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave: its number from 1, all updates so far, and the scores."""

    number: int
    steps: int
    train: Score
    validation: Score | None

    def scores(self) -> dict[str, float]:
        """The numbers by name: `loss`, `accuracy`, `val_loss`, …"""
        own = self.train.values()
        held = self.validation.values() if self.validation else {}
        return own | {f"val_{name}": value for name, value in held.items()}


class Progress(Protocol):
    """What a training tells: lines beforehand, that it begins, has done `steps` updates, an epoch, all of it.

    `fed` tells of the batches of an epoch: the seconds they took, and how long of these the engine waited for data.
    """

    def begin(self, epochs: int, steps: int) -> None: ...

    def step(self, epoch: int, steps: int, loss: float) -> None: ...

    def fed(self, waited: float, seconds: float) -> None: ...

    def epoch(self, epoch: Epoch) -> None: ...

    def note(self, line: str) -> None: ...

    def end(self) -> None: ...


class Silent:
    """Tells nothing."""

    def begin(self, epochs: int, steps: int) -> None:
        pass

    def step(self, epoch: int, steps: int, loss: float) -> None:
        pass

    def fed(self, waited: float, seconds: float) -> None:
        pass

    def epoch(self, epoch: Epoch) -> None:
        pass

    def note(self, line: str) -> None:
        pass

    def end(self) -> None:
        pass


class Lines(Silent):
    """One line an epoch, with its time, and in the end the share of it in which the engine waited for data."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._epochs = 0
        self._start = monotonic()
        self._waited = self._seconds = 0.0

    def begin(self, epochs: int, steps: int) -> None:
        self._epochs = epochs
        self._start = monotonic()

    def fed(self, waited: float, seconds: float) -> None:
        self._waited, self._seconds = self._waited + waited, self._seconds + seconds

    def end(self) -> None:
        if self._seconds:
            share = 100 * self._waited / self._seconds
            self.note(f"the engine waited for data {share:.0f} % of the time")

    def note(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def epoch(self, epoch: Epoch) -> None:
        now = monotonic()
        self._stream.write(f"{describe(epoch, self._epochs)}  {now - self._start:.1f} s\n")
        self._stream.flush()
        self._start = now


class Bar(Lines):
    """The lines, and below them a bar with the loss and the time that is left."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        super().__init__(stream)
        self._bar: Any = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=Console(file=stream),
            transient=True,
            auto_refresh=False,
        )
        self._task: Any = None
        self._last = 0.0

    def begin(self, epochs: int, steps: int) -> None:
        super().begin(epochs, steps)
        self._task = self._bar.add_task("", total=steps)
        self._bar.start()

    def step(self, epoch: int, steps: int, loss: float) -> None:
        now = monotonic()
        if now - self._last >= REFRESH:
            self._last = now
            text = f"epoch {epoch}/{self._epochs}  loss {loss:.4f}"
            self._bar.update(self._task, completed=steps, description=text, refresh=True)

    def epoch(self, epoch: Epoch) -> None:
        now = monotonic()
        self._bar.console.print(f"{describe(epoch, self._epochs)}  {now - self._start:.1f} s", highlight=False)
        self._start = now

    def end(self) -> None:
        self._bar.stop()
        super().end()


def choose(stream: IO[str] | None) -> Progress:
    """A bar where the stream is a terminal, else lines; nothing where there is no stream, as after `>&-`."""
    if stream is None:
        return Silent()
    return Bar(stream) if stream.isatty() else Lines(stream)


def describe(epoch: Epoch, epochs: int) -> str:
    """`epoch  3/30  loss 0.6123  accuracy 0.7741  val_loss 0.6310  val_accuracy 0.7683`."""
    parts = [f"epoch {epoch.number:>{len(str(epochs))}}/{epochs}"]
    return "  ".join([*parts, *(f"{name} {value:.4f}" for name, value in epoch.scores().items())])
