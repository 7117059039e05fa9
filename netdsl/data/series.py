"""Series in the `.ts` format of sktime and the UCR and UEA archives: one example a line, its channels parted by colons.

The head, lines that begin with `@`, ends with `@data`. The last part of a line is the class, or with `@targetlabel
true` a number to be learned. Every series has the same length; time stamps and missing values are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netdsl.data.dataset import Dataset
from netdsl.data.labels import is_number, labels_of
from netdsl.data.packed import check_memory, read_unpacked
from netdsl.errors import escape, fail
from netdsl.files.regular import quoted
from netdsl.shapes import format_shape

SUFFIX = ".ts"


@dataclass(frozen=True)
class Head:
    """What the head says, keys in small letters."""

    values: dict[str, str]
    line: int

    def says(self, *keys: str) -> bool:
        """Whether one of the keys is true; a list of classes may follow."""
        return any(self.values.get(key, "").split(" ")[0].lower() == "true" for key in keys)


def open_series(path: Path, name: str, *, train: Dataset | None = None) -> Dataset:
    """Series, float32 (N, L, C), and their labels; `train`, the part to train on, says which classes there are.

    Raises `NetError`: N601 and N604 as `read_unpacked`, N605 for labels, N611 for anything else.
    """
    what = quoted(path)
    try:
        text = read_unpacked(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise fail("N611", f"{what} is not text: byte {error.start} is not UTF-8") from None
    lines = text.splitlines()
    head = _head(lines, what)
    rows = [(i + 1, line) for i, line in enumerate(lines) if i >= head.line and _says_something(line)]
    if not rows:
        raise fail("N611", f"{what} has no series after `@data`")
    shape, words = None, []
    for i, (number, line) in enumerate(rows):
        *channels, word = line.strip().split(":")
        if not channels:
            raise fail("N611", f"{what}: line {number} has no label: parts are parted by colons")
        values = [_numbers(channel, number, what) for channel in channels]
        lengths = {len(channel) for channel in values}
        if shape is None:
            shape = (len(values[0]), len(values))
            check_memory(path, 4 * len(rows) * shape[0] * shape[1])
            found = np.empty((len(rows), *shape), np.float32)
        if lengths != {shape[0]} or len(values) != shape[1]:
            longest = format_shape((max(lengths), len(values)))
            raise fail("N611", f"{what}: line {number} is {longest}, but line {rows[0][0]} is {format_shape(shape)}")
        found[i] = np.array(values, np.float32).T
        words.append(word.strip())
    if train is not None and train.shape != shape:
        raise fail(
            "N607", f"{what} has series {format_shape(shape or ())}, to train on are {format_shape(train.shape)}"
        )
    labels, classes = labels_of(words, train, what)
    return Dataset(found, labels, classes, name)


def _head(lines: list[str], what: str) -> Head:
    values: dict[str, str] = {}
    for i, line in enumerate(lines):
        if not line.startswith("@"):
            if _says_something(line):
                raise fail("N611", f"{what}: line {i + 1}: the head of a .ts file is lines that begin with `@`")
            continue
        key, _, value = line[1:].strip().partition(" ")
        if key.lower() == "data":
            return _checked(Head(values, i + 1), what)
        values[key.lower()] = value.strip()
    raise fail("N611", f"{what} has no line `@data`")


def _says_something(line: str) -> bool:
    """Whether a line is neither empty nor a comment."""
    return bool(line.strip()) and line[0] not in "#%"


def _checked(head: Head, what: str) -> Head:
    if head.says("timestamps"):
        raise fail("N611", f"{what} has time stamps: only series of equal steps are read")
    if not head.says("classlabel", "targetlabel"):
        raise fail("N611", f"{what} has neither `@classLabel true` nor `@targetLabel true`: there is nothing to learn")
    return head


def _numbers(channel: str, line: int, what: str) -> list[float]:
    words = channel.split(",")
    for word in words:
        if not is_number(word):
            raise fail("N611", f"{what}: line {line}: `{escape(word.strip()[:40])}` is not a finite number")
    return [float(word) for word in words]
