"""Scores by class as columns of text: precision, recall and IoU side by side, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from netdsl.errors import escape
from netdsl.training.scores.metric import BY_CLASS, OF_CLASSES, Score
from netdsl.training.scores.outputs import name_of

BY_CLASS_OF = tuple(name + BY_CLASS for name in OF_CLASSES)
Columns = tuple[list[str], list[list[str]], list[bool]]
"""Titles, rows, and which columns hold numbers."""


def class_columns(score: Score, classes: Sequence[str], output: str = "") -> Iterator[Columns]:
    """The tables of a score, or of one output of several: one row a class.

    In the confusion matrix a row is the right class, a column the answer.
    """
    names, start = [escape(name) for name in classes], name_of(output, "") if output else ""
    tables = {name.removeprefix(start): table for name, table in score.tables.items() if name.startswith(start)}
    shares = {name.removesuffix(BY_CLASS): table for name, table in tables.items() if name in BY_CLASS_OF}
    of = f" of {output}" if output else ""
    if shares:
        rows = [[name, *(_share(table[i]) for table in shares.values())] for i, name in enumerate(names)]
        yield [f"class{of}", *shares], rows, [False, *(True for _ in shares)]
    if "confusion" in tables:
        counts: Any = tables["confusion"]
        titles = [f"class{of} \\ answer", *(str(i) for i in range(len(names)))]
        rows = [[f"{i} {name}", *map(str, counts[i])] for i, name in enumerate(names)]
        yield titles, rows, [False, *(True for _ in names)]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
