"""Metrics: how good the answers are, counted in NumPy from the outputs of a run.

With n_ij places of class i that were answered j, of K classes:

accuracy, top1   Σ n_ii / Σ n_ij; for `topN` an answer is right where the class is among the N with the largest scores
precision        of each class n_jj / Σ_i n_ij, and their mean
recall           of each class n_ii / Σ_j n_ij, and their mean
iou              of each class n_ii / (Σ_j n_ij + Σ_j n_ji - n_ii), and their mean            (Everingham et al. 2010)
confusion        n_ij itself
mse, mae         mean of (y - t)² and of |y - t|, t as the loss has it

Means over classes leave out those with a denominator of 0. Among equal scores the first class wins; a place with a NaN
is wrong, and answers no class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import fail
from netdsl.training.optimise.loss.base import one_hot

Array = NDArray[Any]
OF_CLASSES = ("accuracy", "precision", "recall", "iou", "confusion")
OF_NUMBERS = ("mse", "mae")
BY_CLASS = "_by_class"
TOP = re.compile(r"top([1-9]\d{0,4})")


def is_metric(word: str) -> bool:
    """Whether there is a metric of that name."""
    return word in OF_CLASSES + OF_NUMBERS or TOP.fullmatch(word) is not None


def chosen(metrics: Sequence[str], classes: int) -> tuple[str, ...]:
    """The metrics, by default `accuracy` of classes and `mae` of numbers (`classes` 0); `NetError` N507 for others."""
    for name in metrics:
        if not classes and name not in OF_NUMBERS:
            raise fail("N507", f"`{name}` counts right classes, and the labels of these data are numbers")
        top = TOP.fullmatch(name)
        if top and int(top[1]) > classes:
            raise fail("N507", f"`{name}` is of no use: the data have {classes} classes")
    return tuple(metrics) or (("accuracy",) if classes else ("mae",))


def fits(metric: str, classes: int) -> bool:
    """Whether a metric can be measured of labels of so many classes, or of numbers (`classes` 0)."""
    top = TOP.fullmatch(metric)
    return metric in OF_NUMBERS if not classes else not top or int(top[1]) <= classes


def columns(metrics: Sequence[str]) -> tuple[str, ...]:
    """Those metrics that are one number, in order."""
    return tuple(name for name in metrics if name != "confusion")


def hits(y: Array, labels: Array, *, top: int = 1) -> int:
    """How many labels (N,) are among the `top` largest of their row of y (N, K); among equals the first class wins.

    A row with a NaN counts as wrong.
    """
    right = y[np.arange(len(y)), labels]
    ahead = (y > right[:, None]) | ((y == right[:, None]) & (np.arange(y.shape[1]) < labels[:, None]))
    return int(np.count_nonzero((ahead.sum(axis=1) < top) & ~np.isnan(y).any(axis=1)))


@dataclass(frozen=True)
class Score:
    """Mean loss and the metrics over `images` images; `tables` holds what is not one number, by class."""

    loss: float
    metrics: Mapping[str, float]
    images: int
    tables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """The share of right answers, where it was counted."""
        return self.metrics["accuracy"]

    def values(self) -> dict[str, float]:
        """The loss and the metrics by name."""
        return {"loss": self.loss, **self.metrics}


class Tally:
    """The scores of what was seen so far, in counts and float64 sums that `state` gives as plain JSON values."""

    def __init__(self, metrics: Sequence[str], classes: int) -> None:
        self._metrics, self._classes = tuple(metrics), classes
        self._images, self._rows, self._loss = 0, 0, 0.0
        self._hits = {name: 0 for name in self._metrics if name == "accuracy" or TOP.fullmatch(name)}
        self._errors = {name: 0.0 for name in self._metrics if name in OF_NUMBERS}
        self._numbers = 0
        matrix = any(name in OF_CLASSES[1:] for name in self._metrics)
        self._confusion = np.zeros((classes, classes + 1), np.int64) if matrix else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the metrics that are one number, in order."""
        return columns(self._metrics)

    def add(self, loss: float, y: Array, scores: Array, labels: Array) -> None:
        """Take n images with their mean loss, the output y (n, …, K), its scores of the classes and the labels."""
        self._images += len(labels)
        self._loss += loss * len(labels)
        if self._errors:
            error = y.astype(np.float64) - one_hot(labels, y.shape[-1])
            self._numbers += error.size
            for name in self._errors:
                self._errors[name] += float(np.square(error).sum() if name == "mse" else np.abs(error).sum())
        if self._hits or self._confusion is not None:
            self._count(scores.reshape(-1, scores.shape[-1]), labels.reshape(-1))

    def _count(self, scores: Array, labels: Array) -> None:
        self._rows += len(labels)
        for name in self._hits:
            self._hits[name] += hits(scores, labels, top=1 if name == "accuracy" else int(name[3:]))
        if self._confusion is not None:
            answers = np.where(np.isnan(scores).any(axis=1), self._classes, scores.argmax(axis=1))
            np.add.at(self._confusion, (labels, answers), 1)

    def score(self) -> Score:
        """The scores; nothing was seen: all NaN."""
        found = {name: _share(count, self._rows) for name, count in self._hits.items()}
        found |= {name: _share(total, self._numbers) for name, total in self._errors.items()}
        tables: dict[str, Any] = {}
        if self._confusion is not None:
            tables = self._tables(self._confusion)
            found |= {name: _mean(tables[name]) for name in self._metrics if name in ("precision", "recall", "iou")}
        ordered = {name: found[name] for name in columns(self._metrics)}
        return Score(
            _share(self._loss, self._images),
            ordered,
            self._images,
            {
                name if name == "confusion" else name + BY_CLASS: tables[name]
                for name in self._metrics
                if name in tables
            },
        )

    def _tables(self, counts: Array) -> dict[str, Any]:
        right, of_class, answered = counts.diagonal(), counts.sum(axis=1), counts[:, :-1].sum(axis=0)
        return {
            "precision": _shares(right, answered),
            "recall": _shares(right, of_class),
            "iou": _shares(right, of_class + answered - right),
            "confusion": counts[:, :-1].tolist(),
        }

    def state(self) -> dict[str, Any]:
        """What a checkpoint in the middle of an epoch keeps."""
        confusion = None if self._confusion is None else self._confusion.tolist()
        return {
            "images": self._images,
            "rows": self._rows,
            "loss": self._loss,
            "hits": dict(self._hits),
            "errors": dict(self._errors),
            "numbers": self._numbers,
            "confusion": confusion,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._images, self._rows, self._loss = state["images"], state["rows"], state["loss"]
        self._hits, self._errors, self._numbers = dict(state["hits"]), dict(state["errors"]), state["numbers"]
        self._confusion = None if state["confusion"] is None else np.array(state["confusion"], np.int64)


def _share(part: float, whole: int) -> float:
    return part / whole if whole else float("nan")


def _shares(parts: Array, wholes: Array) -> list[float | None]:
    """One share a class, None where there is nothing to take a share of."""
    return [int(part) / int(whole) if whole else None for part, whole in zip(parts, wholes, strict=True)]


def _mean(shares: Sequence[float | None]) -> float:
    given = [share for share in shares if share is not None]
    return _share(sum(given), len(given))
