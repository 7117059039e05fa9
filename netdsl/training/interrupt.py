"""Being asked to stop: the first signal waits for the end of the step, the second does not."""

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

    That has the number of the signal. SIGHUP stays ignored where it is, as `nohup` wants it. Python delivers signals to
    the main thread only; elsewhere nothing is changed.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}
        self._breaks = False

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            heeded = [number for number in SIGNALS if number != signal.SIGHUP or not ignored]
            self._before = {number: signal.signal(number, self._note) for number in heeded}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        if self.signal is not None:
            raise KeyboardInterrupt(number)
        self.signal = number
        if self._breaks:
            raise _Asked(number)

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended: 128 and its number; 0 without one."""
        return 0 if self.signal is None else 128 + self.signal
