"""Labels as a file has them, words or numbers, and the classes that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import MAX_CLASSES, Dataset, Target
from netdsl.errors import escape, fail

GREATEST = float(np.finfo(np.float32).max)


def labels_of(words: Sequence[str], train: Dataset | Target | None, what: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Indices (N,) and their classes; or numbers (N, 1) and no classes, where the words are numbers, some not whole.

    `train`, the part to train on, says which of the two, and which classes. Raises `NetError` N605.
    """
    if train is None:
        numbers = all(is_number(word) for word in words) and not all(whole(word) is not None for word in words)
        classes = () if numbers else class_names(words, what)
    else:
        classes = train.classes
    if classes:
        return class_indices(words, classes, what), classes
    return numbers_of(words, what), ()


def numbers_of(words: Sequence[str], what: str) -> NDArray[np.float32]:
    """Numbers (N, 1); `NetError` N605 with the first word that is none."""
    bad = next((i for i, word in enumerate(words) if not is_number(word)), None)
    if bad is not None:
        raise fail("N605", f"{what}: label {bad}, `{escape(words[bad][:80])}`, is not a finite number")
    return np.array(words, np.float32)[:, None]


def class_names(words: Sequence[str], what: str) -> tuple[str, ...]:
    """The classes among words, in order: by value where all are whole numbers, else as words. Raises N605."""
    different = set(words)
    if len(different) > MAX_CLASSES:
        raise fail("N605", f"{what} has {len(different)} different labels; {MAX_CLASSES} at most")
    numbers = {word: whole(word) for word in different}
    if all(number is not None for number in numbers.values()):
        return tuple(
            str(number) for number in sorted({int(number) for number in numbers.values() if number is not None})
        )
    return tuple(sorted(different))


def class_indices(words: Sequence[str], classes: tuple[str, ...], what: str) -> NDArray[np.int64]:
    """The index among `classes` of each word; `NetError` N605, with the first, for one that is none of them."""
    index = {name: i for i, name in enumerate(classes)}
    found = np.empty(len(words), np.int64)
    for i, word in enumerate(words):
        number = whole(word)
        name = word if word in index or number is None else str(number)
        if name not in index:
            raise fail("N605", f"{what}: label {i}, `{escape(word[:80])}`, is not among those of the training part")
        found[i] = index[name]
    return found


def whole(word: str) -> int | None:
    """The whole number that a word is, `3`, `3.0` or `3e0`, or None."""
    return int(float(word)) if is_number(word) and float(word).is_integer() else None


def is_number(word: str) -> bool:
    """Whether a word is a finite number, as float32 has it; `1_2` is a name, though Python reads it as 12."""
    try:
        return abs(float(word)) <= GREATEST and "_" not in word
    except ValueError:
        return False
