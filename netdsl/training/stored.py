"""Taking a run up again: what its checkpoint says of the task, and whether that is still so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Any

from netdsl.errors import NetError, escape, fail
from netdsl.files.regular import quoted
from netdsl.language.load import load, load_texts, load_texts_together
from netdsl.language.parameters import parse_parameters
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import Settings, read_settings
from netdsl.training.keeping.checkpoint import latest
from netdsl.training.keeping.run_folder import TEXT
from netdsl.training.keeping.template import SUFFIX
from netdsl.training.keeping.weights_file import read_weights

if TYPE_CHECKING:
    from netdsl.errors import Diagnostic
    from netdsl.graph.net import Net, Setting
    from netdsl.training.keeping.checkpoint import Checkpoint
    from netdsl.training.keeping.record import Record

MOST_SHOWN = 10
MOST_CHARACTERS = 100


def stored_task(folder: Path, record: Record, overrides: Iterable[Setting]) -> tuple[Net, Settings]:
    """The net and the settings of a checkpoint, `overrides` winning; `NetError` N531 where they cannot be read."""
    with _readable(folder):
        net = load_texts(record.texts, record.main, _parameters(record), net=record.net)
        lines = _lines(record.settings)
    return net, read_settings(lines, overrides)


def stored_together(folder: Path, record: Record) -> tuple[tuple[Net, ...], tuple[list[Setting], ...]]:
    """The nets of a checkpoint of several, and the settings of each; `NetError` N531 where they cannot be read."""
    with _readable(folder):
        nets = load_texts_together(record.texts, record.main, _parameters(record))
        return nets, tuple(_lines(record.settings, f"{net.name}.") for net in nets)


def _lines(settings: Mapping[str, str], start: str = "") -> list[Setting]:
    """The settings whose names begin so, that beginning left out; they can be read, or `NetError` says why not."""
    texts = [f"{name.removeprefix(start)}={value}" for name, value in settings.items() if name.startswith(start)]
    lines = [line for text in texts for line in parse_override(text, option="checkpoint")]
    read_settings(lines)
    return lines


def newest(folder: Path) -> tuple[Checkpoint, tuple[Diagnostic, ...]]:
    """The newest checkpoint that is whole, as `latest` has it; the error N531 says how one begins again."""
    try:
        return latest(folder)
    except NetError as error:
        if error.code != "N531":
            raise
        raise fail("N531", error.diagnostics[0].message, help=_way_on(folder)) from None


def _way_on(folder: Path) -> str:
    """A command that takes the newest weights in the folder that are whole, both they and the net having been read."""
    for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            record = read_weights(path).record
            load(f"{folder / TEXT}:{record.net}", **_parameters(record))
        except NetError:
            continue
        given = [word for name, value in record.parameters.items() for word in ("-p", f"{name}={value}")]
        words = join(["netdsl", "train", f"{folder / TEXT}:{record.net}", *given, "--weights", str(path)])
        return f"`{escape(words)}` begins a new training with what was learned by step {record.steps}"
    return "no weights to begin with are whole in it either: train again from the beginning"


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except NetError as error:
        words = f"what its checkpoint says of its task cannot be used: {error.diagnostics[0].message}"
        raise fail("N531", f"{quoted(folder)}: {words}") from None


def _parameters(record: Record) -> dict[str, Any]:
    return parse_parameters(f"{name}={value}" for name, value in record.parameters.items())


def check_unchanged(folder: Path, checkpoint: Checkpoint, record: Record, build: Mapping[str, str]) -> None:
    """`NetError` N533, with each thing that differs, unless a task and a build are those of the checkpoint."""
    stored = checkpoint.record
    found = [
        *_differences("", {"net": stored.net}, {"net": record.net}),
        *_texts(stored, record),
        *_differences("parameter ", stored.parameters, record.parameters),
        *_differences("", stored.settings, record.settings),
        *_differences("SHA-256 of the ", _digests(stored), _digests(record)),
        *_differences("", checkpoint.build, build),
    ]
    if not found:
        return
    rest = len(found) - MOST_SHOWN
    shown = "; ".join(found[:MOST_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
    raise fail(
        "N533",
        f"{quoted(folder)} was begun otherwise: {shown}",
        help="`--override` goes on all the same; the result is then neither run's",
    )


def _digests(record: Record) -> dict[str, str]:
    names = {"sha256": "data", "validation_sha256": "validation data"}
    return {words: record.data[name] for name, words in names.items() if name in record.data}


def _differences(what: str, stored: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys([*stored, *now]):
        before, after = stored.get(name), now.get(name)
        if before != after:
            yield f"{what}`{escape(name)}` was {_shown(before)}, is {_shown(after)}"


def _texts(stored: Record, now: Record) -> Iterator[str]:
    """The first line that differs in each text of the net; the main one may have moved."""
    others = {name for name in {*stored.texts, *now.texts} if name not in (stored.main, now.main)}
    pairs = {now.main: (stored.texts[stored.main], now.texts[now.main])}
    pairs |= {name: (stored.texts.get(name, ""), now.texts.get(name, "")) for name in sorted(others)}
    for name, (before, after) in pairs.items():
        for number, (old, new) in enumerate(zip_longest(before.splitlines(), after.splitlines()), 1):
            if old != new:
                yield f"line {number} of `{escape(name)}` was {_shown(old)}, is {_shown(new)}"
                break


def _shown(value: str | None) -> str:
    if value is None:
        return "not there"
    text = escape(value.strip())
    return f"`{text}`" if len(text) <= MOST_CHARACTERS else f"`{text[:MOST_CHARACTERS]}…`"
