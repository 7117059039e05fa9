"""`rotate`: turned images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netdsl.data.augment.base import Geometric, Matrices, identities, number
from netdsl.data.draws import Draws
from netdsl.shapes import Shape


@dataclass(frozen=True)
class Rotate(Geometric):
    """Turned about the centre, by an angle drawn evenly from -degrees to degrees."""

    word = "rotate"
    degrees: float = number("the largest angle, degrees", low=0, high=180)

    def matrices(self, shape: Shape, draws: Draws) -> Matrices:
        angle = np.radians(draws.between(-self.degrees, self.degrees)[:, 0])
        found = identities(len(angle))
        found[:, 0, 0] = found[:, 1, 1] = np.cos(angle)
        found[:, 0, 1], found[:, 1, 0] = np.sin(angle), -np.sin(angle)
        return found
