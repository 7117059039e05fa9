"""The nets and data in the package, each with a line about it."""

from __future__ import annotations

from importlib.resources import files
from itertools import takewhile

from netdsl.errors import escape
from netdsl.language.check import shipped_names


def shipped_nets() -> list[tuple[str, str]]:
    """Name of each net, and the comment with which its file begins."""
    texts = files("netdsl.architectures")
    return [(name, _about(texts.joinpath(f"{name}.net").read_text("utf-8"))) for name in shipped_names()]


def shipped_data() -> list[tuple[str, str]]:
    """Name of each data set, and its classes."""
    found = []
    for folder in sorted(files("netdsl.data").iterdir(), key=lambda entry: entry.name):
        classes = folder.joinpath("classes.txt")
        if folder.is_dir() and classes.is_file():
            found.append((folder.name, ", ".join(classes.read_text("utf-8").split("\n")).rstrip(", ")))
    return found


def _about(text: str) -> str:
    comment = takewhile(lambda line: line.startswith("#"), text.lstrip("\ufeff").splitlines())
    return escape(" ".join(line.lstrip("# ").strip() for line in comment))
