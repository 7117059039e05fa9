"""What a chain of stages is to do, kept in its folder, so that the chain goes on with nothing but the folder.

`stages.json` is written before the first stage and never changed: the net with its texts and parameters, and of each
stage its name and all its settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from netdsl.errors import NetError, escape, fail
from netdsl.files.atomic import replace_text
from netdsl.files.regular import open_regular, quoted
from netdsl.language.load import load_texts
from netdsl.language.parameters import parse_parameters
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.keeping.checkpoint import NAME, checkpoints
from netdsl.training.keeping.run_folder import parameter_texts

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Setting

CHAIN = "stages.json"
MOST_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Chain:
    """A net, and of each stage its name and its settings, each as its line of a `train` block has it."""

    net: Net
    stages: tuple[tuple[str, Mapping[str, str]], ...]

    def lines(self, k: int) -> tuple[Setting, ...]:
        """The settings of stage `k`, counted from 0."""
        _, texts = self.stages[k]
        given = (f"{name}={text}" for name, text in texts.items())
        return tuple(line for text in given for line in parse_override(text, option=CHAIN))

    def folder(self, within: Path, k: int) -> Path:
        """The folder of stage `k`."""
        return within / f"{k + 1}-{self.stages[k][0]}"

    def begun(self, within: Path) -> int:
        """The last stage that has a checkpoint, which those before it have ended for; -1 without any."""
        folders = [self.folder(within, k) for k in range(len(self.stages))]
        return max((k for k, folder in enumerate(folders) if folder.is_dir() and checkpoints(folder)), default=-1)


def write_chain(folder: Path, chain: Chain) -> None:
    """Keep a chain in its folder; `NetError` N505 where the disk refuses."""
    net = chain.net
    document = {
        "net": net.name,
        "main": net.main,
        "texts": dict(net.texts),
        "parameters": parameter_texts(net),
        "stages": [{"name": name, "settings": dict(texts)} for name, texts in chain.stages],
    }
    replace_text(folder / CHAIN, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def read_chain(folder: Path) -> Chain:
    """The chain of a folder; `NetError` N531 where what is kept of it cannot be used, nothing being trusted."""
    path = folder / CHAIN
    file, size = open_regular(path)
    with file:
        content = file.read(MOST_BYTES + 1) if size <= MOST_BYTES else b""
    try:
        document: Any = json.loads(content)
        parameters = parse_parameters(f"{name}={value}" for name, value in document["parameters"].items())
        net = load_texts(document["texts"], document["main"], parameters, net=document["net"])
        stages = tuple((str(one["name"]), dict(one["settings"])) for one in document["stages"])
        chain = Chain(replace(net, settings=()), stages)
        for k in range(len(stages)):
            read_settings(chain.lines(k))
    except NetError as error:
        raise _unusable(path, error.diagnostics[0].message) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _unusable(path, "it is damaged") from None
    if not stages or not all(name.isidentifier() for name, _ in stages):
        raise _unusable(path, "it is damaged")
    return chain


def check_chain(folder: Path, *, changed: bool) -> None:
    """`NetError` N533 where a chain is to go on with a net or settings that were `changed`, or named at all."""
    if changed:
        advice = f"without them: netdsl train --resume {escape(quote(str(folder)))}"
        words = "is a chain of stages, which goes on with the net and the settings that it was begun with"
        raise fail("N533", f"{quoted(folder)} {words}", help=advice)


def _unusable(path: Path, words: str) -> NetError:
    begun = [one for one in path.parent.glob("*/*") if NAME.fullmatch(one.name)]
    advice = "train again from the beginning"
    if begun:
        last = max(begun, key=lambda one: one.stat().st_mtime).parent
        advice = f"each stage is a run of its own: netdsl train --resume {escape(quote(str(last)))}"
    return fail("N531", f"{quoted(path)} does not tell the stages: {words}", help=advice)
