"""The command that repeats a run from its folder."""

from __future__ import annotations

from shlex import join
from typing import TYPE_CHECKING

from netdsl.training.block.settings import read_settings
from netdsl.training.keeping.run_folder import TEXT

if TYPE_CHECKING:
    from netdsl.training.runs.past import Past

UNDONE = ("augment", "clip", "stop")
"""Settings that `none` takes away."""


def command(past: Past) -> str:
    """`netdsl train RUN/net.net:NET` with what the `train` block does not say: parameters and changed settings.

    It is run where the run was, as data are named from there, and needs the same versions for the same bits. Raises
    `NetError` where the net or the settings cannot be read.
    """
    net = past.loaded()
    words = ["netdsl", "train", f"{past.folder / TEXT}:{past.net}"]
    if any(name.endswith(".py") for name in net.texts):
        words.append("--allow-code")
    for name, value in past.parameters.items():
        words += ["-p", f"{name}={value}"]
    own = read_settings(net.settings).texts()
    undone = {name: "none" for name in UNDONE if name in own}
    for name, said in (undone | dict(past.settings)).items():
        if own.get(name) != said:
            words += ["--set", f"{name}={said}"]
    return join(words)
