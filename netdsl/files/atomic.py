"""Writing a file so that its name always leads to all of the old bytes or all of the new ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from shutil import copymode

from netdsl.errors import fail
from netdsl.files.regular import quoted


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, bring it to the disk, and only then give it the name.

    The file's bytes are on the disk before the name changes, and the change of name before this returns. Whatever is
    raised meanwhile leaves the old file and no temporary one. Raises `NetError` N505 where the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            write(temporary)
            _sync(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise fail("N505", f"{quoted(path)} cannot be written: {reason}") from None


def replace_text(path: Path, text: str, *, keep_mode: bool = False) -> None:
    """`replace_file` with a text: UTF-8, line ends as they are; `keep_mode` gives it the permissions of the old one."""

    def write(temporary: Path) -> None:
        temporary.write_bytes(text.encode())
        if keep_mode:
            copymode(path, temporary)

    replace_file(path, write)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
