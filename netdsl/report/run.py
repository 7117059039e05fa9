"""The parts of a report on a run that need no images: numbers, curves, the net's picture, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape as markup

from netdsl.errors import escape
from netdsl.graph.net import Net
from netdsl.report.chart import Line, line_chart
from netdsl.report.draw import draw_svg
from netdsl.report.page import NotShown, table
from netdsl.report.svg import svg_text

NOT_SCORES = ("epoch", "steps")
HELD = "val_"
MOST_BOXES = 60
Epochs = Sequence[Mapping[str, float]]
"""The scores of each epoch by name, `val_` before those of the part that is only measured."""


def curves(epochs: Epochs) -> str:
    """A chart for each score, of training and validation together."""
    names = dict.fromkeys(name for row in epochs for name in row if name not in NOT_SCORES)
    bases = dict.fromkeys(name.removeprefix(HELD) for name in names)
    charts = []
    for base in bases:
        pair = (("training", base), ("validation", HELD + base))
        lines = [Line(words, _points(epochs, name)) for words, name in pair if name in names]
        charts.append(svg_text(line_chart(escape(base), lines, below="epoch")))
    if not charts:
        raise NotShown("No epoch was finished.")
    return f'<div class="row">{"".join(charts)}</div>'


def outcome(epochs: Epochs, net: Net) -> str:
    """What came out: the scores of the last epoch and of the best."""
    rows = [("net", f"{net.name}: {net.params:,} parameters, {net.macs:,} multiply-adds an image")]
    if epochs:
        last = epochs[-1]
        rows.append(("at the end", _scores(last)))
        key = next((name for name in ("val_loss", "loss") if name in last), "")
        best = min((row for row in epochs if key in row), key=lambda row: row[key], default=last)
        if key and best is not last:
            rows.append((f"least {key}", _scores(best)))
    return table(rows)


def architecture(net: Net) -> str:
    """The net's picture; of a large one, blocks are single boxes."""
    depth = None if len(net.nodes) <= MOST_BOXES else 1
    return f'<div class="wide">{draw_svg(net, depth=depth)}</div>'


def settings_table(tables: Mapping[str, Mapping[str, str]]) -> str:
    """Settings, parameters, data and versions: rows of name and value by group, whose name stands before the first."""
    rows = [
        (group if i == 0 else "", name, value)
        for group, rows in tables.items()
        for i, (name, value) in enumerate(rows.items())
    ]
    return table(rows)


def commands(lines: Sequence[tuple[str, str]]) -> str:
    """Commands with a sentence before each."""
    return "\n".join(f"<p>{markup(words)}</p>\n<pre><code>{markup(escape(line))}</code></pre>" for words, line in lines)


def _points(epochs: Epochs, name: str) -> tuple[tuple[float, float], ...]:
    return tuple((row.get("epoch", float(i)), row[name]) for i, row in enumerate(epochs, 1) if name in row)


def _scores(row: Mapping[str, float]) -> str:
    shown = [f"{name} {value:.4f}" for name, value in row.items() if name not in NOT_SCORES]
    return f"epoch {row.get('epoch', 0):.0f}: " + ", ".join(shown)
