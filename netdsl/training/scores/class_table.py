"""Scores by class as columns of text: precision, recall and IoU side by side, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from netdsl.errors import escape
from netdsl.training.scores.metric import BY_CLASS, Score

Columns = tuple[list[str], list[list[str]], list[bool]]
"""Titles, rows, and which columns hold numbers."""


def class_columns(score: Score, classes: Sequence[str]) -> Iterator[Columns]:
    """The tables of a score: one row a class. In the confusion matrix a row is the right class, a column the answer."""
    names = [escape(name) for name in classes]
    shares = {name.removesuffix(BY_CLASS): table for name, table in score.tables.items() if name.endswith(BY_CLASS)}
    if shares:
        rows = [[name, *(_share(table[i]) for table in shares.values())] for i, name in enumerate(names)]
        yield ["class", *shares], rows, [False, *(True for _ in shares)]
    if "confusion" in score.tables:
        counts: Any = score.tables["confusion"]
        titles = ["class \\ answer", *(str(i) for i in range(len(names)))]
        rows = [[f"{i} {name}", *map(str, counts[i])] for i, name in enumerate(names)]
        yield titles, rows, [False, *(True for _ in names)]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
