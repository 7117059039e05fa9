"""The trials of a study as a table, as CSV, and as a plot."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from html import escape as markup
from io import StringIO

from netdsl.tuning.study import Search, Trial, best_of

WIDTH, HEIGHT, LEFT, BELOW, TOP = 640, 320, 64, 40, 28
COLOURS = {"complete": "#1f5fa8", "pruned": "#b8b8b8", "fail": "#c0392b", "running": "#e0a030"}


def short(text: str) -> str:
    """A number with four digits, anything else as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    return text if text.lstrip("-").isdigit() else f"{value:.4g}"


def ranked(search: Search, trials: Sequence[Trial]) -> list[Trial]:
    """Those with a score, the best first, those that were carried to their end before those that were pruned."""
    scored = [trial for trial in trials if trial.score is not None]
    sign = -1.0 if search.rises else 1.0
    return sorted(scored, key=lambda t: (t.state != "complete", sign * (t.score or 0.0), t.number))


def columns(search: Search, trials: Sequence[Trial]) -> tuple[list[str], list[list[str]], list[bool]]:
    """Titles, rows with the best first, and which columns are numbers."""
    names = [dimension.name for dimension in search.space]
    rows = [
        [str(t.number), t.state, f"{t.score:.4f}", str(t.epochs), *(short(t.values.get(name, "")) for name in names)]
        for t in ranked(search, trials)
    ]
    return ["trial", "state", search.metric, "epochs", *names], rows, [True, False, True, True, *(True for _ in names)]


def as_csv(search: Search, trials: Sequence[Trial]) -> str:
    """A line of titles and a line for each trial, in the order in which they were begun, values in full."""
    names = [dimension.name for dimension in search.space]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", search.metric, "epochs", *names])
    for t in trials:
        score = "" if t.score is None else f"{t.score:.9g}"
        writer.writerow([t.number, t.state, score, t.epochs, *(t.values.get(name, "") for name in names)])
    return text.getvalue()


def as_svg(search: Search, trials: Sequence[Trial]) -> str:
    """Scores over the numbers of the trials, and the best so far as a line; equal trials give equal bytes."""
    scored = [trial for trial in trials if trial.score is not None]
    scores = [trial.score or 0.0 for trial in scored] or [0.0]
    low, high = min(scores), max(scores)
    room = (high - low) or 1.0
    last = max((trial.number for trial in trials), default=0) or 1

    def place(number: int, score: float) -> tuple[str, str]:
        x = LEFT + (WIDTH - LEFT - 16) * number / last
        y = TOP + (HEIGHT - TOP - BELOW) * (1 - (score - low) / room)
        return f"{x:.1f}", f"{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="18">{markup(search.metric)} of the trials of {markup(search.name)}</text>',
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BELOW}H{WIDTH - 16}" fill="none" stroke="#888888"/>',
    ]
    for score in dict.fromkeys((low, high)):
        _, y = place(0, score)
        parts.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end" dominant-baseline="middle">{score:.4g}</text>')
    for number in (0, last):
        x, _ = place(number, low)
        parts.append(f'<text x="{x}" y="{HEIGHT - BELOW + 18}" text-anchor="middle">{number}</text>')
    line = ""
    for k, trial in enumerate(scored):
        best = best_of(search, scored[: k + 1])
        if best is not None and best.score is not None:
            x, y = place(trial.number, best.score)
            line += f"M{x} {y}" if not line else f"H{x}V{y}"
    parts.append(f'<path d="{line or "M0 0"}" fill="none" stroke="{COLOURS["complete"]}"/>')
    for trial in scored:
        x, y = place(trial.number, trial.score or 0.0)
        parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{COLOURS[trial.state]}"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"
