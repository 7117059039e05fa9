"""Repeating a run from its folder, and comparing the bits of what comes out."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from signal import SIGTERM, raise_signal
from tempfile import TemporaryDirectory

import numpy as np

from netdsl import __version__
from netdsl.errors import escape, fail
from netdsl.files.regular import quoted, read_text
from netdsl.training.keeping.run_folder import METRICS, METRICS_LINES, weights_path
from netdsl.training.keeping.weights_file import WeightFile, read_weights
from netdsl.training.runs.past import MOST_BYTES, Past, read_epochs, read_past
from netdsl.training.scores.progress import Epoch, Progress, Silent
from netdsl.training.session import train_net
from netdsl.training.terms import Terms


@dataclass(frozen=True)
class Replay:
    """What a repeated run gave: its steps, what is equal, what differs, and what was otherwise beforehand, in lines."""

    steps: int
    equal: tuple[str, ...]
    differences: tuple[str, ...]
    notes: tuple[str, ...]


def replay(folder: Path, *, threads: int | None = None, progress: Progress | None = None) -> Replay:
    """Train again what a folder tells of, in a temporary folder, up to the step of its weights, and compare.

    Net, parameters and settings are those of the folder. A run that was interrupted is interrupted after the same step.
    Raises `NetError` N510, N551 and N5xx for a folder that cannot be read, N550 before the first step where the data
    are not the same, and as `train_net`; `KeyboardInterrupt` where the repetition itself is interrupted.
    """
    past, epochs = read_past(folder), read_epochs(folder)
    stored = read_weights(weights_path(folder))
    steps, lines = stored.record.steps, past.lines()
    metrics = _metrics(folder)
    with TemporaryDirectory(prefix="netdsl-replay-") as room:
        again = Path(room) / "run"
        measured = any(row.get("steps") == steps for row in epochs)
        watch = _Watch(progress or Silent(), past, again, steps, measured)
        net = replace(past.loaded(), settings=())
        done = train_net(net, lines, Terms(threads=threads, progress=watch), out=again)
        if done.exit_code and done.steps < steps:
            raise KeyboardInterrupt
        made = read_weights(weights_path(again))
        equal, differences = _compared(stored, made, metrics, _metrics(again))
    return Replay(steps, tuple(equal), tuple(differences), tuple(_otherwise(past.versions)))


class _Watch:
    """Progress that checks the data before the first step, and ends the training where the run that is repeated ended.

    It asks for that as a user would, so that what is saved, and what is not measured any more, is the same.
    """

    def __init__(self, inner: Progress, past: Past, folder: Path, last: int, measured: bool) -> None:
        self._inner, self._past, self._folder = inner, past, folder
        self._last, self._measured = last, measured
        self.note, self.end, self.fed = inner.note, inner.end, inner.fed

    def begin(self, epochs: int, steps: int) -> None:
        data, stored = read_past(self._folder).data, self._past.data
        if data.get("sha256") != stored.get("sha256"):
            source = quoted(stored.get("source", ""))
            raise fail("N550", f"the data {source} are not those that the run was trained on: their SHA-256 is another")
        self._inner.begin(epochs, steps)

    def step(self, epoch: int, steps: int, loss: float) -> None:
        self._inner.step(epoch, steps, loss)
        if steps == self._last and not self._measured:
            raise_signal(SIGTERM)

    def epoch(self, epoch: Epoch) -> None:
        self._inner.epoch(epoch)
        if epoch.steps == self._last:
            raise_signal(SIGTERM)


def _compared(
    stored: WeightFile, made: WeightFile, metrics: Mapping[str, list[str]], again: Mapping[str, list[str]]
) -> tuple[list[str], list[str]]:
    equal, differences = list[str](), list[str]()
    found = [*_tensors(stored, made)]
    count = sum(array.size for array in stored.tensors.values())
    if found:
        differences += found
    else:
        equal.append(f"weights: {len(stored.tensors)} tensors, {count:,} numbers")
    for name, lines in metrics.items():
        found = [*_texts(name, lines, again[name])]
        differences += found
        if not found:
            equal.append(f"{name}: {len(lines)} lines")
    return equal, differences


def _tensors(stored: WeightFile, made: WeightFile) -> Iterator[str]:
    """What differs in each tensor, bit by bit: NaN is equal to the same NaN, 0 is not -0."""
    for name in sorted({*stored.tensors, *made.tensors}):
        one, two = stored.tensors.get(name), made.tensors.get(name)
        if one is None or two is None or one.shape != two.shape:
            yield f"{escape(name)}: not in both, or of another shape"
            continue
        differ = one.view(np.uint32) != two.view(np.uint32)
        if differ.any():
            far = np.abs(one[differ].astype(np.float64) - two[differ].astype(np.float64)).max()
            yield f"{escape(name)}: {np.count_nonzero(differ):,} of {one.size:,} numbers differ, by up to {far:.3g}"


def _texts(name: str, one: list[str], two: list[str]) -> Iterator[str]:
    """The first line that differs, and how many there are."""
    pairs = list(zip_longest(one, two, fillvalue="nothing"))
    differ = [i for i, (a, b) in enumerate(pairs) if a != b]
    if differ:
        a, b = (escape(text[:160]) for text in pairs[differ[0]])
        yield f"{name}: {len(differ)} of {len(pairs)} lines differ; line {differ[0] + 1} was `{a}`, is `{b}`"


def _metrics(folder: Path) -> dict[str, list[str]]:
    """The lines of the files of metrics; none where one is not there, as before the end of the first epoch.

    Raises `NetError` N551 for what is not text, N601 where a file cannot be read.
    """
    paths = {name: folder / name for name in (METRICS, METRICS_LINES)}
    return {
        name: read_text(path, most=MOST_BYTES, code="N551").splitlines() if path.exists() else []
        for name, path in paths.items()
    }


def _otherwise(versions: Mapping[str, str]) -> Iterator[str]:
    now = {"netdsl": __version__, "python": platform.python_version(), "numpy": np.__version__}
    for name, version in now.items():
        if versions.get(name) != version:
            yield f"{name} was {escape(versions.get(name, 'unknown'))}, is {version}"
