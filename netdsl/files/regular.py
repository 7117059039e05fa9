"""Opening a data file without surprises: regular files only, never waiting, every failure an error that names it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from netdsl.errors import NetError, escape, fail


def quoted(path: Path | str) -> str:
    """The name of a file in backticks, control and invisible characters escaped."""
    return f"`{escape(str(path))}`"


def open_regular(path: Path) -> tuple[BinaryIO, int]:
    """The file, open for reading, and its size in bytes; `NetError` N601 unless it is a readable regular file."""
    descriptor, status = _open(path)
    return os.fdopen(descriptor, "rb"), status.st_size


def read_regular(path: Path) -> tuple[bytes, os.stat_result]:
    """What a file holds, and its status; `NetError` N601 as `open_regular`, or where it cannot be read.

    No Python file is made of it: of small files that would take as long as to read them.
    """
    descriptor, status = _open(path)
    try:
        return os.read(descriptor, status.st_size), status
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        os.close(descriptor)


def read_text(path: Path, *, most: int, code: str) -> str:
    """The text of a file, without the mark that some editors begin it with.

    Raises `NetError`: N601 as `open_regular`, and `code` where it has more than `most` bytes, or is not UTF-8.
    """
    file, size = open_regular(path)
    with file:
        if size > most:
            raise fail(code, f"{quoted(path)} has {size:,} bytes; {most:,} at most")
        content = file.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise fail(code, f"{quoted(path)}: byte {error.start} is not UTF-8") from None


def _open(path: Path) -> tuple[int, os.stat_result]:
    """Opened without blocking, so that a pipe without a writer is refused and not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise fail("N601", f"{quoted(path)} is not a regular file")
    return descriptor, status


def _unreadable(path: Path, error: OSError | ValueError) -> NetError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return fail("N601", f"{quoted(path)} cannot be read: {reason.lower()}")
