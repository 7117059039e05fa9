"""`mixup`: each image is a blend of two, and so is what is right about it (Zhang et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.augment.base import Floats, Mixing, number
from netdsl.data.draws import Draws

POINTS = 4097


@dataclass(frozen=True)
class Mixup(Mixing):
    """x ← (1 - s)·x + s·x', the same for the codes, x' the next image of the batch, the first after the last.

    s = min(λ, 1 - λ) with λ from Beta(alpha, alpha): an image keeps at least half of itself, so that its label stays
    what accuracy is counted by. The order of an epoch is random, and so is the next image.
    """

    word = "mixup"
    blends = True
    alpha: float = number("both parameters of the beta distribution", low=0.01, high=100, default=0.2)

    def mix(self, images: Floats, codes: NDArray[Any], draws: Draws) -> tuple[Floats, NDArray[Any]]:
        levels, shares = lesser_shares(self.alpha)
        s = np.interp(draws.uniform()[:, 0], levels, shares).astype(np.float32)
        return _blended(images, s), _blended(codes, s)


def _blended(a: NDArray[Any], s: Floats) -> NDArray[Any]:
    s = s.reshape(-1, *[1] * (a.ndim - 1))
    return np.asarray((1 - s) * a + s * np.roll(a, -1, axis=0))


@lru_cache(maxsize=8)
def lesser_shares(alpha: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distribution function of s = min(λ, 1 - λ) at some points, and the points: what `interp` turns into a draw.

    The density of s on (0, ½) is proportional to (s·(1 - s))^(alpha - 1); in w = s^alpha it is (1 - s)^(alpha - 1)
    without the pole at 0, and the trapezoidal rule serves.
    """
    w = np.linspace(0, 0.5**alpha, POINTS)
    s = w ** (1 / alpha)
    density = (1 - s) ** (alpha - 1)
    levels = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return levels / levels[-1], s
