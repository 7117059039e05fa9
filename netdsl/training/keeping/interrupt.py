"""Being asked to stop, or out of time: the first signal waits for the end of the step, the second does not."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, TypeVar

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Made = TypeVar("Made")


class _Asked(KeyboardInterrupt):
    """The first signal, where nothing is lost by ending at once."""


class Interrupt:
    """While entered, SIGINT, SIGTERM and SIGHUP are noted in `signal`; the second one raises `KeyboardInterrupt`.

    That has the number of the signal. SIGHUP stays ignored where it is, as `nohup` wants it. After `limit` seconds it
    is as if the first signal had come, of which the exit code says nothing. Python delivers signals to the main thread
    only; elsewhere nothing is changed, and there is no limit.
    """

    def __init__(self, limit: float | None = None) -> None:
        self.signal: int | None = None
        self._limit = limit
        self._before: dict[int, Any] = {}
        self._breaks = False

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            heeded = [number for number in SIGNALS if number != signal.SIGHUP or not ignored]
            heeded += [signal.SIGALRM] if self._limit else []
            self._before = {number: signal.signal(number, self._note) for number in heeded}
            if self._limit:
                signal.setitimer(signal.ITIMER_REAL, self._limit)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if signal.SIGALRM in self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def breaks(self, work: Callable[[], Made]) -> Made | None:
        """What `work` gives; None where a signal came, which ends it: it changes nothing that is saved."""
        self._breaks = self.signal is None
        try:
            return work() if self._breaks else None
        except _Asked:
            return None
        finally:
            self._breaks = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGALRM and self.signal is not None:
            return
        if self.signal not in (None, signal.SIGALRM):
            raise KeyboardInterrupt(number)
        self.signal = number
        if self._breaks:
            raise _Asked(number)

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended: 128 and its number; 0 without one, or at the limit."""
        return 0 if self.signal in (None, signal.SIGALRM) else 128 + self.signal
