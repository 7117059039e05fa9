"""Which classes a net takes for which: the confusion matrix as a drawing, and its largest numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import escape
from netdsl.report.sheet import Plate, Sheet, Strand, Words
from netdsl.report.text_width import text_width

Array = NDArray[Any]
MOST_CLASSES, MOST_NUMBERED = 100, 25
LONGEST = 24
LEGEND = "rows: the right class · columns: the answer"
SMALL, INK, SOFT, LIGHT = 10.0, "#1f2933", "#5f6b7a", "#ffffff"
RIGHT, WRONG = (0x2F, 0x6D, 0xB3), (0xD1, 0x60, 0x3D)


@dataclass(frozen=True)
class Confused:
    """How many of class `right` were taken for `said`, and which share of it that is."""

    right: int
    said: int
    count: int
    share: float


def confusion(right: Array, said: Array, classes: int) -> NDArray[np.int64]:
    """How often class i (row) was answered j (column); an answer of -1 is in no column."""
    right, said = right.reshape(-1), said.reshape(-1)
    told = said >= 0
    counts = np.bincount(right[told] * classes + said[told], minlength=classes * classes)
    return counts.reshape(classes, classes)


def most_confused(counts: NDArray[np.int64], most: int) -> list[Confused]:
    """The pairs of different classes with the largest counts; equal ones by class."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong.reshape(-1), kind="stable")[:most]
    totals = counts.sum(axis=1)
    pairs = [divmod(int(place), len(counts)) for place in order]
    return [Confused(i, j, int(wrong[i, j]), float(wrong[i, j] / totals[i])) for i, j in pairs if wrong[i, j]]


def short_name(name: str) -> str:
    """The name of a class as pages show it: nothing invisible, not too long."""
    shown = escape(name)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def confusion_sheet(counts: NDArray[np.int64], classes: Sequence[str]) -> Sheet:
    """The matrix with a row for each class and a column for each answer, coloured by the share of the row.

    Small ones have their numbers. More than `MOST_CLASSES` rows would not be readable: do not ask.
    """
    numbered = len(classes) <= MOST_NUMBERED
    names = [f"{i}  {short_name(name)}" for i, name in enumerate(classes)]
    longest = len(str(int(counts.max(initial=0))))
    side = max(26.0, 7.0 * longest + 8) if numbered else max(6.0, 600.0 / len(classes))
    size = SMALL if numbered else min(SMALL, side)
    left, top = max(text_width(name, size) for name in names) + 24, 34.0
    shapes: list[Plate | Strand | Words] = [Words(left, 12, SMALL, False, ((LEGEND, False),), SOFT)]
    totals = np.maximum(counts.sum(axis=1), 1)
    for i, name in enumerate(names):
        middle = top + (i + 0.5) * side
        shapes.append(Words(10, middle + size * 0.35, size, False, ((name, False),), INK))
        if numbered:
            shapes.append(Words(left + (i + 0.5) * side, top - 6, SMALL, True, ((str(i), False),), INK))
        for j in range(len(names)):
            share = float(counts[i, j] / totals[i])
            fill = _tint(RIGHT if i == j else WRONG, share if i == j else min(1.0, 2 * share))
            shapes.append(Plate(left + j * side, top + i * side, side, side, 0, fill, "#e4e7eb" if numbered else fill))
            if numbered and counts[i, j]:
                ink = LIGHT if share > (0.6 if i == j else 0.35) else INK
                shapes.append(
                    Words(left + (j + 0.5) * side, middle + 3.5, SMALL, True, ((str(counts[i, j]), False),), ink)
                )
    width = left + max(len(names) * side, 1.2 * text_width(LEGEND, SMALL)) + 10
    return Sheet("confusion matrix", width, top + len(names) * side + 10, tuple(shapes))


def _tint(colour: tuple[int, int, int], share: float) -> str:
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in colour)
