"""Numbers that a user gives by hand or in a file: `1 0/1 -1`, CSV, .npy and .npz.

By hand rows are parted by `/` and numbers by blanks or commas; several channels are parted by `|`, one matrix each. In
CSV a line is a row, and an empty line parts channels. An array of a file is (H, W), (H, W, C) or a vector.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import NetError, escape, fail
from netdsl.files.regular import open_regular, quoted

SUFFIXES = (".npy", ".npz", ".csv", ".txt")
MOST_BYTES = 2**28
BY_HAND = 'rows are parted by `/`, channels by `|`: "1 0/1 -1"'

Numbers = NDArray[np.float64]


def parse_matrix(text: str, what: str) -> Numbers:
    """Numbers written by hand, (H, W, C); `what` names them in an error. Raises `NetError` N620."""
    return _planes([re.split(r"[/\n]", plane.strip()) for plane in text.split("|")], what, BY_HAND)


def read_numbers(path: Path, name: str | None = None) -> Numbers:
    """The array of a .npy, .npz, .csv or .txt file; of an archive the one called `name`, or the only one.

    Raises `NetError` N601 where the file cannot be read, N620 where it does not hold such numbers.
    """
    file, size = open_regular(path)
    with file:
        if size > MOST_BYTES:
            raise fail("N620", f"{quoted(path)} has {size / 2**20:.0f} MiB; the most is {MOST_BYTES // 2**20}")
        if path.suffix not in (".npy", ".npz"):
            return _csv(file.read(), path)
        try:
            found = _archived(file, path, name) if path.suffix == ".npz" else np.load(file, allow_pickle=False)
        except NetError:
            raise
        except Exception as error:  # NumPy given hostile bytes raises almost anything
            raise fail("N620", f"{quoted(path)} cannot be read: {escape(str(error).splitlines()[0][:160])}") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiub":
        raise fail("N620", f"{quoted(path)} does not hold real numbers")
    return found.astype(np.float64)


def _archived(file: object, path: Path, name: str | None) -> NDArray[np.generic]:
    with zipfile.ZipFile(file) as archive:  # type: ignore[call-overload]
        sizes = {one.filename.removesuffix(".npy"): one.file_size for one in archive.infolist()}
        if name not in sizes and len(sizes) != 1:
            names = ", ".join(sorted(sizes)[:10])
            wanted = f"no array `{escape(name)}`" if name else "several arrays"
            raise fail("N620", f"{quoted(path)} has {wanted}; there are {escape(names) or 'none'}")
        chosen = name if name in sizes else next(iter(sizes))
        if sizes[chosen] > MOST_BYTES:
            raise fail("N620", f"{quoted(path)} unpacks to {sizes[chosen] / 2**20:.0f} MiB")
        with archive.open(f"{chosen}.npy") as one:
            found: NDArray[np.generic] = np.lib.format.read_array(one, allow_pickle=False)
            return found


def _csv(content: bytes, path: Path) -> Numbers:
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").strip("\n")
    except UnicodeDecodeError as error:
        raise fail("N620", f"{quoted(path)} is not text: byte {error.start} is not UTF-8") from None
    planes = [plane.split("\n") for plane in re.split(r"\n[ \t]*\n+", text)]
    return _planes(planes, quoted(path), "a line is a row, and an empty line parts channels")


def _planes(planes: list[list[str]], what: str, advice: str) -> Numbers:
    rows = [[[_number(word, what, advice) for word in _words(row)] for row in plane] for plane in planes]
    lengths = {(len(plane), len(row)) for plane in rows for row in plane}
    if len(lengths) != 1 or (0 in next(iter(lengths))):
        shown = ", ".join(f"{h}x{w}" for h, w in sorted(lengths))
        raise fail("N620", f"{what} is no matrix: it has rows of different lengths ({shown})", help=advice)
    return np.moveaxis(np.array(rows, np.float64), 0, -1)


def _words(row: str) -> list[str]:
    return re.split(r"[,;\t ]+", row.strip(" \t,;"))


def _number(word: str, what: str, advice: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise fail("N620", f"{what} has `{escape(word[:40])}` where a number is wanted", help=advice) from None
