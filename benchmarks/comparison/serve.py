"""The side of a runner's process: load, say so, then answer each request for times until the pipe closes.

    python -m comparison.run_torch FOLDER VARIANT COLUMN THREADS check OUT      writes what it computes, and ends
    python -m comparison.run_torch FOLDER VARIANT COLUMN THREADS time           serves

One line of JSON each way: `{"seconds", "runs", "most"}` in, `{"milliseconds": […], "memory_mib", "others"}` out, the
last being the share of the machine that others had meanwhile. Whatever a library prints goes to the other stream.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

SAMPLE = 0.002
"""Seconds that one sample takes at least: shorter calls are timed many at once."""
LONG = 0.5
"""Seconds of a call that no longer needs a warm cache."""


@dataclass(frozen=True)
class Job:
    """What a process is to run: the files of a net, a variant of the runner, a column, and a number of threads."""

    folder: Path
    variant: str
    column: str
    threads: int

    @property
    def training(self) -> bool:
        return self.column == "training"

    @property
    def steps(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.folder / "steps.json").read_text())
        return found

    @property
    def weights(self) -> Mapping[str, np.ndarray]:
        """Arrays by netdsl's names; each is read where it is asked for."""
        return np.load(self.folder / "weights.npz")

    def inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Images (N, H, W, C) float32 and labels int32 of the column."""
        with np.load(self.folder / f"inputs-{self.column}.npz") as arrays:
            return arrays["image"], arrays["labels"]


@dataclass(frozen=True)
class Ready:
    """A loaded runner: `run` is what is timed; `answer` gives the arrays that are compared, by name.

    An answer to an inference is `out` (N, K) or (N, H, W, C); to a training step `loss` and the gradients by netdsl's
    names and shapes.
    """

    run: Callable[[], Any]
    answer: Callable[[], Mapping[str, np.ndarray]]
    versions: Mapping[str, str]
    held: object = None
    """What must outlive the call that loaded it, and the library does not hold itself."""


def main(load: Callable[[Job], Ready]) -> None:
    """Run as the command line says."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    folder, variant, column, threads, task, *out = sys.argv[1:]
    ready = load(Job(Path(folder), variant, column, int(threads)))
    if task == "check":
        np.savez(out[0], **ready.answer())
        _say(channel, {"versions": ready.versions})
        return
    call = warm_up(ready.run)
    _say(channel, {"versions": ready.versions})
    for line in sys.stdin:
        asked = json.loads(line)
        if call < LONG:
            call = warm_up(ready.run)
        before = clocks()
        times = samples(ready.run, call, **asked)
        others = share_of_others(before, clocks())
        _say(channel, {"milliseconds": [1000 * t for t in times], "memory_mib": peak_mib(), "others": others})


def warm_up(run: Callable[[], Any], seconds: float = 0.1) -> float:
    """Call until so much time has passed, at least twice; the seconds of the fastest call."""
    times: list[float] = []
    while len(times) < 2 or sum(times) < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def samples(run: Callable[[], Any], call: float, *, seconds: float, runs: int, most: float) -> list[float]:
    """Seconds a call, one number a sample: at least `runs` samples and `seconds`, unless `most` seconds pass first."""
    inner = max(1, ceil(SAMPLE / call))
    found: list[float] = []
    begin = end = time.perf_counter()
    while not found or (end - begin < most and (len(found) < runs or end - begin < seconds)):
        start = time.perf_counter()
        for _ in range(inner):
            run()
        end = time.perf_counter()
        found.append((end - start) / inner)
    return found


def clocks() -> tuple[float, float, float]:
    """Seconds so far: on the clock, of all processes on all cores, of this process on all cores."""
    fields = Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
    user, nice, system, _, _, interrupts, soft, stolen = (int(field) for field in fields)
    busy = (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")
    return time.perf_counter(), busy, time.process_time()


def share_of_others(before: tuple[float, float, float], after: tuple[float, float, float]) -> float:
    """What part of the machine's cores other processes, and other guests of its host, had between two readings."""
    wall, busy, own = (b - a for a, b in zip(before, after, strict=True))
    return max(0.0, busy - own) / (wall * (os.cpu_count() or 1))


def peak_mib() -> float:
    """The most memory that this process has held, in MiB."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _say(channel: Any, words: Mapping[str, Any]) -> None:
    print(json.dumps(words), file=channel, flush=True)
