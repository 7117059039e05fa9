"""Class names: a text file with one name a line."""

from __future__ import annotations

from pathlib import Path

from netdsl.files.regular import read_text

CLASSES = "classes.txt"
MAX_NAMES_FILE = 4 * 2**20


def read_names(path: Path) -> tuple[str, ...]:
    """The lines of a file that are not empty. Raises `NetError` N601 and N602."""
    text = read_text(path, most=MAX_NAMES_FILE, code="N602")
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def named_or_counted(folder: Path, most: int) -> tuple[str, ...]:
    """The names in `classes.txt` of a folder, or without it the numbers 0 … most."""
    named = folder / CLASSES
    return read_names(named) if named.exists() else tuple(str(i) for i in range(most + 1))
