"""The bytes of a data file, gzipped or not, with a bound on what they unpack to."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

from netdsl.errors import fail
from netdsl.files.regular import open_regular, quoted

# Deflate cannot exceed 1032:1; data stay far below 100:1, unless they are small and nearly constant.
MAX_RATIO = 100
FREE_SIZE = 64 * 2**20
GZIP_MAGIC = b"\x1f\x8b"


def most_unpacked(size: int) -> int:
    """The most bytes that `size` compressed bytes may unpack to."""
    return max(FREE_SIZE, MAX_RATIO * size)


def read_unpacked(path: Path) -> bytes:
    """All bytes of a file, unpacked where they are gzipped.

    Raises `NetError`: N601 the file cannot be read, N604 it is gzipped and damaged, or expands beyond 100:1, N607 it is
    larger than the machine's memory.
    """
    file, size = open_regular(path)
    with file:
        packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        check_memory(path, size)
        try:
            if not packed:
                return file.read()
            with gzip.GzipFile(fileobj=file) as unpacked:
                content = unpacked.read(most_unpacked(size) + 1)
        except (OSError, EOFError, zlib.error) as error:
            kind = "damaged gzip data" if packed else "cannot be read"
            raise fail("N604" if packed else "N601", f"{quoted(path)}: {kind}: {error}") from None
    if len(content) > most_unpacked(size):
        raise fail(
            "N604",
            f"{quoted(path)}: {size} compressed bytes unpack to more than {most_unpacked(size)}: {MAX_RATIO} to 1",
        )
    return content


def check_memory(path: Path, needed: int) -> None:
    """`NetError` N607 where so many bytes are more than the machine has."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise fail("N607", f"{quoted(path)} needs {needed} bytes of memory; this machine has {memory}")
