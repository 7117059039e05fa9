"""Metrics: how good the answers are, counted in NumPy from the outputs of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def hits(y: Array, labels: Array, *, top: int = 1) -> int:
    """How many labels (N,) are among the `top` largest of their row of y (N, K); among equals the first class wins.

    A row with a NaN counts as wrong.
    """
    right = y[np.arange(len(y)), labels]
    ahead = (y > right[:, None]) | ((y == right[:, None]) & (np.arange(y.shape[1]) < labels[:, None]))
    return int(np.count_nonzero((ahead.sum(axis=1) < top) & ~np.isnan(y).any(axis=1)))


@dataclass(frozen=True)
class Score:
    """Mean loss, and the share of right answers, over `images` images."""

    loss: float
    accuracy: float
    images: int
