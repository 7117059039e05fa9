"""Tables as text, plain or gzipped: one example a line, its numbers and its label parted by commas.

Semicolons, tabs and blanks part as well. The first line may name the columns. The label stands in the column that was
asked for, by its name, `first` or `last`; else in the one that the first line calls `label`, `class`, `target` or `y`;
else in the first or last column, where only one of them could hold labels: words, or whole numbers that come again.
Of a net with several outputs each takes the column of its name, where there is one, and else that of the label.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import isqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import Dataset, Images, Target
from netdsl.data.labels import is_number, labels_of, numbers_of, whole
from netdsl.data.packed import check_memory, read_unpacked
from netdsl.errors import NetError, escape, fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape, format_shape, volume

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
DELIMITERS = (",", ";", "\t", " ")
LABEL_NAMES = ("label", "class", "target", "y")
NO_OUTPUTS: Mapping[str, Shape] = {}
Numbers = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers (N, K), and the words of the label column; of columns that outputs have of their own by their names.

    `words` are empty where every output has a column of its own. `columns` are the names of the K columns, where the
    first line has them.
    """

    numbers: Numbers
    words: tuple[str, ...]
    columns: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def open_table(
    path: Path,
    name: str,
    *,
    size: Shape | None,
    column: str,
    outputs: Mapping[str, Shape] = NO_OUTPUTS,
    train: Dataset | None = None,
    columns: Sequence[str] = (),
) -> tuple[Dataset, tuple[str, ...]]:
    """The examples of a table, and the names of its columns of numbers.

    `train`, the part to train on, says which classes there are, and `columns` how its numbers are called. The numbers
    of a line become what the input of the net, `size`, has room for; else a square image of one channel; else a vector.
    Raises `NetError`: N601 and N604 as `read_unpacked`, N605 for labels, N611 for anything else.
    """
    table = read_table(path, column, outputs if len(outputs) > 1 else ())
    what = quoted(path)
    count = table.numbers.shape[1]
    shape = train.shape if train is not None else stored_shape(count, size)
    if volume(shape) != count:
        raise fail("N611", f"{what} has {count} numbers a line, the part to train on {format_shape(shape)}")
    for here, there in zip(table.columns, columns, strict=False):
        if here != there:
            words = f"the column {quoted(here)} stands where the part to train on has {quoted(there)}"
            raise fail("N611", f"{what}: {words}")
    main, others = _targets(table, outputs, train, what)
    if train is not None and set(others) != set(train.others):
        told = ", ".join(quoted(one) for one in sorted(set(others) ^ set(train.others)))
        raise fail("N611", f"{what} and the part to train on do not both have columns of their own for {told}")
    images = as_bytes(table.numbers.reshape(-1, *shape))
    return Dataset(images, main.labels, main.classes, name, others=others), table.columns


def _targets(
    table: Table, outputs: Mapping[str, Shape], train: Dataset | None, what: str
) -> tuple[Target, dict[str, Target]]:
    """The labels of the first output, and of others that have other ones."""
    if not table.own:
        return Target(*labels_of(table.words, train, what)), {}
    first, *rest = outputs
    targets = {one: _target(table, one, outputs[one], train, what) for one in outputs}
    return targets[first], {one: targets[one] for one in rest if one in table.own or first in table.own}


def _target(table: Table, output: str, shape: Shape, train: Dataset | None, what: str) -> Target:
    """The labels of one output; whole numbers of an output of one number are numbers where more than two occur."""
    words, known = table.own.get(output, table.words), train and train.others.get(output, train)
    size, of = volume(shape), f"{what}, {quoted(output)}" if output in table.own else what
    labels, classes = labels_of(words, known, of)
    if known is None and size == 1 and len(classes) > 2:
        labels, classes = numbers_of(words, of), ()
    if not classes and size > 1 and output in table.own:
        raise fail(
            "N611", f"{of} is one number a line, and the output has {size}", help="an `.npz` file has rows of them"
        )
    if len(classes) == 1:
        raise fail("N605", f"{of} has one class only: there is nothing to tell apart")
    return Target(labels, classes)


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


def read_table(path: Path, column: str = "", outputs: Collection[str] = ()) -> Table:
    """The numbers and labels of a file; `outputs` may have columns. Raises `NetError` N601, N604, N607, N611."""
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
        own = {name: _place(name, names, what) for name in outputs if names and name in names}
        places = _own_places(own, outputs, label, what) if own else (0, len(head) - 1) if label is None else (label,)
        ends: tuple[list[str], ...] = tuple([] for _ in places)
        count = 0
        for row in chain([head] if names is None else [], rows):
            if not row:
                continue
            if len(row) != len(head):
                raise fail("N611", f"{what}: line {rows.line_num} has {len(row)} columns, line 1 has {len(head)}")
            for words, place in zip(ends, places, strict=True):
                words.append(row[place].strip())
            for place in places:
                row[place] = "0"
            _fill(numbers[count], row, rows.line_num, what)
            count += 1
    except csv.Error as error:
        raise fail("N611", f"{what}: line {rows.line_num}: {escape(str(error))}") from None
    if not count:
        raise fail("N611", f"{what} has no line with numbers")
    if own:
        found = {place: _labels(words, what) for words, place in zip(ends, places, strict=True)}
        told = {name: found[place] for name, place in own.items()}
        rest = () if label is None or label not in found else found[label]
        return Table(np.delete(numbers[:count], places, axis=1), rest, _without(places, names), told)
    chosen = label if label is not None else _guess(ends, places, path)
    for words, place in zip(ends, places, strict=True):
        if place != chosen:
            numbers[:count, place] = [_number(word, i, place, what) for i, word in enumerate(words)]
    labels = _labels(ends[places.index(chosen)], what)
    return Table(np.delete(numbers[:count], chosen, axis=1), labels, _without((chosen,), names))


def _without(places: Collection[int], names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the other columns; none where the first line has none."""
    return tuple(name for place, name in enumerate(names or ()) if place not in places)


def _own_places(own: Mapping[str, int], outputs: Collection[str], label: int | None, what: str) -> tuple[int, ...]:
    """The columns of outputs, and that of the label, where an output has none; `NetError` N611 where nothing has it."""
    lacking = next((name for name in outputs if name not in own), None)
    if lacking is None:
        return tuple(own.values())
    if label is None:
        there = ", ".join(quoted(name) for name in own)
        words = f"{what} has columns for the outputs {there}, and none for {quoted(lacking)}"
        raise fail("N611", words, help="a column `label` is for outputs without one of their own")
    return tuple(dict.fromkeys((*own.values(), label)))


def _labels(words: list[str], what: str) -> tuple[str, ...]:
    if "" in words:
        raise fail("N611", f"{what}: example {words.index('')} has no label")
    return tuple(words)


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
            return _place(asked, names, what)
        there = f"there are {', '.join(quoted(name) for name in names[:10])}" if names else "the columns have no names"
        raise fail("N611", f"{what} has no column {quoted(asked)}: {there}, and `first` and `last`")
    found = [i for i, name in enumerate(names or ()) if name.lower() in LABEL_NAMES]
    return found[0] if len(found) == 1 else None


def _place(name: str, names: list[str], what: str) -> int:
    """The column of a name; `NetError` N611 where there are two, of which one would be learned from."""
    if names.count(name) > 1:
        words = f"{what} has {names.count(name)} columns called {quoted(name)}: each needs a name of its own"
        raise fail("N611", words)
    return names.index(name)


def _guess(ends: tuple[list[str], ...], places: tuple[int, ...], path: Path) -> int:
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
