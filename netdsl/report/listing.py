"""Summaries as CSV, for spreadsheets, and as Markdown, for pages."""

from __future__ import annotations

import csv
from io import StringIO

from netdsl.errors import escape
from netdsl.report.label import words
from netdsl.report.summary import Row, Summary, format_field
from netdsl.shapes import format_shape

TITLES = ("name", "layer", "inputs", "output", "params", "state", "macs", "rf")
NUMERIC = {"params", "state", "macs", "rf"}


def as_csv(summary: Summary) -> str:
    """A line of titles and a line for each node (RFC 4180, but lines end in LF); layers are calls of the language."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TITLES)
    for row in summary.rows:
        cost = row.cost
        inputs = " ".join(row.node.inputs)
        counts = (cost.params, cost.state, cost.macs, format_field(row.rf))
        writer.writerow((row.node.path, row.node.layer.text(), inputs, format_shape(row.shape), *counts))
    return text.getvalue()


def as_markdown(summary: Summary) -> str:
    """A table of GitHub's Markdown, with the totals in its last line."""
    titles = tuple(title for title in TITLES if title not in ("inputs", "state"))
    totals = summary.totals
    lines = [f"### {_cell(summary.net.name)}", "", _line(titles)]
    lines.append(_line("---:" if title in NUMERIC else "---" for title in titles))
    lines += [_line(_cells(row)) for row in summary.rows]
    lines.append(_line(("**total**", "", "", f"**{totals.params:,}**", f"**{totals.macs:,}**", "")))
    return "\n".join(lines) + "\n"


def _line(cells: object) -> str:
    return f"| {' | '.join(cells)} |"  # type: ignore[arg-type]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"`{row.node.path}`",
        _cell(words(row.node.layer, rank=len(row.shape) - 1)),
        format_shape(row.shape),
        f"{row.cost.params:,}",
        f"{row.cost.macs:,}",
        format_field(row.rf),
    )


def _cell(text: str) -> str:
    return escape(text).replace("|", "\\|")
