"""Runners as processes, of which one is awake at a time: the others are stopped, so that no waiting thread spins."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from comparison.cases import Runner

ROOT = Path(__file__).parents[1]
PATIENCE = 900
"""Seconds after which a runner that says nothing counts as failed."""


class Failed(Exception):
    """A runner ended or said nothing; the message is the last it printed."""


class Worker:
    """One runner's process on some of the machine's cores. It is stopped except while it is asked for something."""

    def __init__(self, runner: Runner, folder: Path, column: str, cores: list[int], python: Path) -> None:
        self.runner = runner
        self._command = _command(runner, folder, column, len(cores), python)
        self._cores = cores
        self._errors = folder / f"{runner.peer}-{runner.variant}-{column}.log"
        self._process: subprocess.Popen[str] | None = None

    def check(self, out: Path) -> dict[str, Any]:
        """Let the runner write its answer, and end; returns its versions."""
        self._start("check", str(out))
        found = self._hear()
        self.end()
        return found

    def start(self) -> dict[str, Any]:
        """Load and warm up, then stop; returns the versions."""
        self._start("time")
        found = self._hear()
        self._signal(signal.SIGSTOP)
        return found

    def times(self, **asked: float) -> dict[str, Any]:
        """Wake up, time as `serve.samples` does, and stop."""
        process = self._process
        assert process is not None and process.stdin is not None
        self._signal(signal.SIGCONT)
        try:
            print(json.dumps(asked), file=process.stdin, flush=True)
        except BrokenPipeError:
            raise Failed(self._last_words()) from None
        found = self._hear()
        self._signal(signal.SIGSTOP)
        return found

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def _start(self, *task: str) -> None:
        threads = str(len(self._cores))
        environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, **self.runner.environment}
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [*self._command, *task],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                preexec_fn=lambda: os.sched_setaffinity(0, self._cores),
            )

    def _hear(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if waiting.select(PATIENCE) else ""
        if not line:
            raise Failed(self._last_words())
        found: dict[str, Any] = json.loads(line)
        return found

    def _signal(self, number: int) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)

    def _last_words(self) -> str:
        self.end()
        lines = [line for line in self._errors.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it ended without a word"


@contextmanager
def ended(workers: list[Worker]) -> Iterator[list[Worker]]:
    """End all workers of a list, and those added to it, whatever happens."""
    try:
        yield workers
    finally:
        for worker in workers:
            worker.end()


def _command(runner: Runner, folder: Path, column: str, threads: int, python: Path) -> list[str]:
    own = sys.executable if runner.peer == "netdsl" else str(python)
    return [own, "-m", f"comparison.{runner.module}", str(folder), runner.variant, column, str(threads)]
