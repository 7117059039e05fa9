"""What a net got wrong: confused classes, the images with the largest loss, and numbers against their labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape as markup
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from netdsl.report.chart import point_chart
from netdsl.report.confusion import MOST_CLASSES, confusion, confusion_sheet, most_confused, short_name
from netdsl.report.page import NotShown, Section, left_out, section, table
from netdsl.report.svg import svg_text
from netdsl.report.thumbnail import is_picture, mask_colours, mask_picture, picture

Array = NDArray[Any]
MOST_PAIRS, MOST_WORST, MOST_POINTS, MOST_NAMED = 12, 24, 1000, 30


class Examined(Protocol):
    """Images with what is right about each, what the net said, and the loss.

    `indices` are their places in the data. `right` and `said` are classes (N,) or (N, H, W), -1 for no answer; or
    numbers (N, K) where `classes` is empty.
    """

    @property
    def part(self) -> str: ...

    @property
    def total(self) -> int: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def right(self) -> Array: ...

    @property
    def said(self) -> Array: ...

    @property
    def losses(self) -> Array: ...

    @property
    def indices(self) -> Array: ...

    def picture(self, index: int) -> Array: ...


def sections(examine: Callable[[], Mapping[str, Examined]]) -> list[Section]:
    """The parts that make sense for what `examine` gives by output; where it fails, one that says why."""
    try:
        by_output = examine()
    except Exception as error:  # as of a section
        return [left_out("What it got wrong", error)]
    several = len(by_output) > 1
    return [part for name, found in by_output.items() for part in _sections(found, f", {name}" if several else "")]


def _sections(found: Examined, of: str) -> list[Section]:
    """The parts about one output; their headings end in `of`."""
    if not found.classes:
        return [
            section(f"Said against right{of}", partial(numbers, found)),
            section(f"Worst examples{of}", partial(worst, found)),
        ]
    return [
        section(f"Confusion matrix{of}", partial(matrix, found)),
        section(f"Most confused pairs{of}", partial(pairs, found)),
        section(f"Worst images{of}", partial(worst, found)),
    ]


def matrix(found: Examined) -> str:
    """The confusion matrix. Raises `NotShown` for more classes than can be read."""
    counts = confusion(found.right, found.said, len(found.classes))
    if len(found.classes) > MOST_CLASSES:
        raise NotShown(f"A matrix of {len(found.classes)} classes cannot be read; see the most confused pairs.")
    drawn = svg_text(confusion_sheet(counts, found.classes))
    return f'<p>{_seen(found)}</p>\n<div class="wide">{drawn}</div>'


def pairs(found: Examined) -> str:
    """The pairs of classes that are confused most, and of each the image with the largest loss."""
    confused = most_confused(confusion(found.right, found.said, len(found.classes)), MOST_PAIRS)
    if not confused:
        return "<p>No class was taken for another.</p>"
    names = [short_name(name) for name in found.classes]
    if found.right.ndim > 1:
        rows = [(names[one.right], names[one.said], f"{one.count:,}", f"{one.share:.1%}") for one in confused]
        return table(rows, titles=("class", "taken for", "places", "share of it"), numeric=(False, False, True, True))
    figures = []
    for one in confused:
        of_pair = np.flatnonzero((found.right == one.right) & (found.said == one.said))
        worst = of_pair[_by_loss(found.losses[of_pair])[0]]
        words = f"{one.count} of {names[one.right]} taken for {names[one.said]} ({one.share:.1%})"
        figures.append(_figure(found, int(worst), words))
    return f'<div class="row">{"".join(figures)}</div>'


def worst(found: Examined) -> str:
    """The images with the largest loss, the largest first; a table of numbers where there is no picture."""
    order = [int(index) for index in _by_loss(found.losses)[:MOST_WORST]]
    if not order:
        raise NotShown("There are no images.")
    if found.right.ndim > 2:
        figures = [_masks(found, index) for index in order]
        return f'<p>{_seen(found)} {_legend(found)}</p>\n<div class="row">{"".join(figures)}</div>'
    rows = [(_label(found, found.right[i]), _label(found, found.said[i]), f"{found.losses[i]:.3g}") for i in order]
    if not is_picture(found.picture(order[0])):
        numbered = [(f"{found.indices[index]}", *row) for index, row in zip(order, rows, strict=True)]
        shown = table(
            numbered, titles=("number in the data", "right", "said", "loss"), numeric=(True, False, False, True)
        )
        return f"<p>{_seen(found)}</p>\n{shown}"
    words = [
        f"{right}, loss {loss}" if right == said else f"{right} taken for {said}, loss {loss}"
        for right, said, loss in rows
    ]
    figures = [_figure(found, index, caption) for index, caption in zip(order, words, strict=True)]
    return f'<p>{_seen(found)}</p>\n<div class="row">{"".join(figures)}</div>'


def numbers(found: Examined) -> str:
    """What is right against what the net said, a chart for each of the first numbers."""
    charts = []
    for k in range(min(found.right.shape[1], 4)):
        both = np.stack([found.right[:, k], found.said[:, k]], axis=1)[:MOST_POINTS].astype(float)
        points = [(float(x), float(y)) for x, y in both[np.isfinite(both).all(axis=1)]]
        if points:
            title = "said against right" + (f", number {k}" if found.right.shape[1] > 1 else "")
            charts.append(svg_text(point_chart(title, points, below="right", beside="what the net said")))
    if not charts:
        raise NotShown("The net gave no finite number.")
    return f'<p>{_seen(found)}</p>\n<div class="row">{"".join(charts)}</div>'


def _seen(found: Examined) -> str:
    count = len(found.losses)
    return f"{count:,} {found.part}" + (f", the first of {found.total:,}" if count < found.total else "") + "."


def _by_loss(losses: Array) -> NDArray[np.intp]:
    """Indices by falling loss; what is not a number comes first."""
    return np.argsort(-np.where(np.isnan(losses), np.inf, losses), kind="stable")


def _label(found: Examined, label: Any) -> str:
    if not found.classes:
        shown = [f"{value:.4g}" for value in np.ravel(label)[:3]]
        return ", ".join(shown) + (", …" if np.size(label) > 3 else "")
    return short_name(found.classes[int(label)]) if label >= 0 else "no class"


def _figure(found: Examined, index: int, words: str) -> str:
    stored, number = found.picture(index), f"number {found.indices[index]} in the data"
    shown = picture(stored, title=number) if is_picture(stored) else f"<b>{number}</b>"
    return f"<figure>{shown}<figcaption>{markup(words)}</figcaption></figure>"


def _masks(found: Examined, index: int) -> str:
    """Image, right mask and answer side by side."""
    stored, classes = found.picture(index), len(found.classes)
    shown = picture(stored, title=f"number {found.indices[index]} in the data") if is_picture(stored) else ""
    for mask, title in ((found.right[index], "right"), (found.said[index], "answer")):
        shown += " " + mask_picture(mask, classes, title=title)
    caption = f"image, right, answer: loss {found.losses[index]:.3g}"
    return f'<figure class="three">{shown}<figcaption>{caption}</figcaption></figure>'


def _legend(found: Examined) -> str:
    """The name of each class on its colour."""
    colours = mask_colours(len(found.classes))[:MOST_NAMED]
    marks = (
        f'<span style="border-bottom: 4px solid rgb{colour}">{markup(short_name(name))}</span>'
        for name, colour in zip(found.classes, colours, strict=False)
    )
    return " ".join(marks)
