"""`zoom`: enlarged and reduced images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netdsl.data.augment.base import Geometric, Matrices, identities, number
from netdsl.data.draws import Draws
from netdsl.shapes import Shape


@dataclass(frozen=True)
class Zoom(Geometric):
    """Enlarged about the centre by a factor drawn evenly from 1 - share to 1 + share, the same for both axes."""

    word = "zoom"
    share: float = number("the largest change of the factor", low=0, high=0.95)

    def matrices(self, shape: Shape, draws: Draws) -> Matrices:
        found = identities(len(draws.indices))
        found[:, :2, :2] *= (1 / draws.between(1 - self.share, 1 + self.share))[:, :, np.newaxis]
        return found
