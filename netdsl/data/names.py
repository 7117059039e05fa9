"""Class names: a text file with one name a line."""

from __future__ import annotations

from pathlib import Path

from netdsl.errors import fail
from netdsl.files.regular import open_regular, quoted

CLASSES = "classes.txt"
MAX_NAMES_FILE = 4 * 2**20


def read_names(path: Path) -> tuple[str, ...]:
    """The lines of a file that are not empty. Raises `NetError` N601 to N603."""
    file, size = open_regular(path)
    with file:
        if size > MAX_NAMES_FILE:
            raise fail("N603", f"{quoted(path)} has {size} bytes; {MAX_NAMES_FILE} at most")
        content = file.read()
    try:
        return tuple(line.strip() for line in content.decode().splitlines() if line.strip())
    except UnicodeDecodeError as error:
        raise fail("N602", f"{quoted(path)}: byte {error.start}: class names are UTF-8, one a line") from None


def named_or_counted(folder: Path, most: int) -> tuple[str, ...]:
    """The names in `classes.txt` of a folder, or without it the numbers 0 … most."""
    named = folder / CLASSES
    return read_names(named) if named.exists() else tuple(str(i) for i in range(most + 1))
