"""Writing a file so that its name always leads to all of the old bytes or all of the new ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from errno import EDQUOT, EIO, ENOSPC
from pathlib import Path
from shutil import copymode
from time import sleep

from netdsl.errors import fail
from netdsl.files.regular import quoted

PASSING = frozenset({ENOSPC, EIO, EDQUOT})
"""Causes that may be gone a moment later: a full disk, a quota, a disk that does not answer."""
PAUSES = (0.1, 0.4, 1.6)
"""Seconds before the second attempt, the third and the fourth, which is the last."""


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, bring it to the disk, and only then give it the name.

    The file's bytes are on the disk before the name changes, and the change of name before this returns. Whatever is
    raised meanwhile leaves the old file and no temporary one. A full disk and one that does not answer are tried again,
    three times, from the beginning: after an fsync that failed nobody knows which bytes are on the disk. Raises
    `NetError` N505 where the disk refuses.
    """
    for pause in (*PAUSES, None):
        try:
            _replace(path, write)
            return
        except OSError as error:
            if pause is None or error.errno not in PASSING:
                reason = (error.strerror or str(error)).lower()
                raise fail("N505", f"{quoted(path)} cannot be written: {reason}") from None
            sleep(pause)


def replace_bytes(path: Path, content: bytes) -> None:
    """`replace_file` with bytes that are at hand."""

    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    replace_file(path, write)


def replace_text(path: Path, text: str, *, keep_mode: bool = False) -> None:
    """`replace_file` with a text: UTF-8, line ends as they are; `keep_mode` gives it the permissions of the old one."""

    def write(temporary: Path) -> None:
        temporary.write_bytes(text.encode())
        if keep_mode:
            copymode(path, temporary)

    replace_file(path, write)


def remove(path: Path) -> None:
    """Remove a file that nobody needs any more, if that can be done."""
    with suppress(OSError):
        path.unlink()


def remove_debris(folder: Path) -> None:
    """Remove what `replace_file` had not finished in a process that was killed; nobody else may write there."""
    for path in folder.rglob(".*.tmp"):
        remove(path)


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        _sync(temporary)
        os.replace(temporary, path)
    except BaseException:
        remove(temporary)
        raise
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
