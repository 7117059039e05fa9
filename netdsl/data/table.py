"""Tables as text, plain or gzipped: one example a line, its numbers and its label parted by commas.

Semicolons, tabs and blanks part as well. The first line may name the columns. The label stands in the column that was
asked for, by its name, `first` or `last`; else in the one that the first line calls `label`, `class`, `target` or `y`;
else in the first or last column, where only one of them could hold labels: words, or whole numbers that come again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import isqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import Dataset, Images
from netdsl.data.labels import is_number, labels_of, whole
from netdsl.data.packed import check_memory, read_unpacked
from netdsl.errors import NetError, escape, fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape, format_shape, volume

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
DELIMITERS = (",", ";", "\t", " ")
LABEL_NAMES = ("label", "class", "target", "y")
Numbers = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers (N, K), and the words of the label column."""

    numbers: Numbers
    words: tuple[str, ...]


def open_table(path: Path, name: str, *, size: Shape | None, column: str, train: Dataset | None = None) -> Dataset:
    """The examples of a table; `train`, the part to train on, says which classes there are.

    The numbers of a line become what the input of the net, `size`, has room for; else a square image of one channel;
    else a vector. Raises `NetError`: N601 and N604 as `read_unpacked`, N605 for labels, N611 for anything else.
    """
    table = read_table(path, column)
    what = quoted(path)
    count = table.numbers.shape[1]
    shape = train.shape if train is not None else stored_shape(count, size)
    if volume(shape) != count:
        raise fail("N611", f"{what} has {count} numbers a line, the part to train on {format_shape(shape)}")
    labels, classes = labels_of(table.words, train, what)
    return Dataset(as_bytes(table.numbers.reshape(-1, *shape)), labels, classes, name)


def stored_shape(count: int, size: Shape | None) -> Shape:
    """The shape that `count` numbers are stored in for a net with the input `size`."""
    if size and all(isinstance(n, int) for n in size) and volume(size) == count:
        return tuple(size)
    side = isqrt(count)
    return (side, side, 1) if side * side == count and size and len(size) == 3 else (count,)


def as_bytes(numbers: Numbers) -> Images:
    """The numbers as bytes, where they are whole and from 0 to 255: a quarter of the memory."""
    small = numbers.astype(np.uint8) if numbers.min() >= 0 and numbers.max() <= 255 else None
    return small if small is not None and np.array_equal(small, numbers) else numbers


def read_table(path: Path, column: str = "") -> Table:
    """The numbers and labels of a file. Raises `NetError` N601, N604, N607, N611."""
    what = quoted(path)
    text = _text(read_unpacked(path), what)
    lines = text.count("\n") + 1
    first = text.split("\n", 1)[0]
    delimiter = next((mark for mark in DELIMITERS if mark in first), ",")
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True)
    try:
        head = next(rows, [])
        names = None if any(is_number(word) for word in head) or len(head) < 2 else [word.strip() for word in head]
        if len(head) < 2:
            raise fail("N611", f"{what}: line 1 has {len(head)} columns; a line is numbers and a label")
        label = _column(column, names, len(head), what)
        check_memory(path, 4 * lines * len(head))
        numbers = np.empty((lines, len(head)), np.float32)
        ends: tuple[list[str], list[str]] = ([], [])
        places = (0, len(head) - 1) if label is None else (label, label)
        count = 0
        for row in chain([head] if names is None else [], rows):
            if not row:
                continue
            if len(row) != len(head):
                raise fail("N611", f"{what}: line {rows.line_num} has {len(row)} columns, line 1 has {len(head)}")
            for words, place in zip(ends, places, strict=True):
                words.append(row[place].strip())
            row[places[0]] = row[places[1]] = "0"
            _fill(numbers[count], row, rows.line_num, what)
            count += 1
    except csv.Error as error:
        raise fail("N611", f"{what}: line {rows.line_num}: {escape(str(error))}") from None
    if not count:
        raise fail("N611", f"{what} has no line with numbers")
    chosen = label if label is not None else _guess(ends, places, path)
    for words, place in zip(ends, places, strict=True):
        if place != chosen:
            numbers[:count, place] = [_number(word, i, place, what) for i, word in enumerate(words)]
    words = ends[places.index(chosen)]
    if "" in words:
        raise fail("N611", f"{what}: example {words.index('')} has no label")
    return Table(np.delete(numbers[:count], chosen, axis=1), tuple(words))


def _text(content: bytes, what: str) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise fail("N611", f"{what} is not text: byte {error.start} is not UTF-8") from None


def _column(asked: str, names: list[str] | None, width: int, what: str) -> int | None:
    """The label's column, or None where the numbers have to tell."""
    if asked in ("first", "last") and not (names and asked in names):
        return 0 if asked == "first" else width - 1
    if asked:
        if names and asked in names:
            return names.index(asked)
        there = f"there are {', '.join(quoted(name) for name in names[:10])}" if names else "the columns have no names"
        raise fail("N611", f"{what} has no column {quoted(asked)}: {there}, and `first` and `last`")
    found = [i for i, name in enumerate(names or ()) if name.lower() in LABEL_NAMES]
    return found[0] if len(found) == 1 else None


def _guess(ends: tuple[list[str], list[str]], places: tuple[int, int], path: Path) -> int:
    could = [place for words, place in zip(ends, places, strict=True) if _could_be_labels(words)]
    worded = [place for words, place in zip(ends, places, strict=True) if not all(is_number(word) for word in words)]
    if len(worded) == 1:
        return worded[0]
    if len(could) == 1:
        return could[0]
    both = "both the first and the last column" if could else "neither the first nor the last column"
    advice = f"say which, as {quoted(f'{path}:last')}, `:first`, or the name of a column"
    raise fail("N611", f"{quoted(path)}: {both} could be the labels; {advice}")


def _could_be_labels(words: Sequence[str]) -> bool:
    different = set(words)
    return all(whole(word) is not None for word in different) and 1 < len(different) <= max(2, len(words) // 2)


def _fill(target: Numbers, row: list[str], line: int, what: str) -> None:
    """The numbers of a row; `NetError` N611 with the first word that is none."""
    try:
        with np.errstate(over="ignore"):
            target[:] = list(map(float, row))
        if np.isfinite(target).all() and "_" not in "".join(row):
            return
    except ValueError:
        pass
    bad = next(i for i, word in enumerate(row) if not is_number(word))
    raise _not_a_number(row[bad], f"line {line}", bad, what)


def _number(word: str, example: int, column: int, what: str) -> float:
    if not is_number(word):
        raise _not_a_number(word, f"example {example}", column, what)
    return float(word)


def _not_a_number(word: str, where: str, column: int, what: str) -> NetError:
    words = f"`{escape(word[:40])}` is not a finite number" if word.strip() else "a number is missing"
    return fail("N611", f"{what}: {where}, column {column + 1}: {words}")
