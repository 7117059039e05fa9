"""`shear`: slanted images."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.data.augment.base import Geometric, Matrices, identities, number
from netdsl.data.draws import Draws
from netdsl.shapes import Shape


@dataclass(frozen=True)
class Shear(Geometric):
    """Slanted: each row moves sideways by s times its distance from the middle, s drawn evenly from -slope to slope."""

    word = "shear"
    slope: float = number("the largest slope, pixels sideways a row", low=0, high=4)

    def matrices(self, shape: Shape, draws: Draws) -> Matrices:
        found = identities(len(draws.indices))
        found[:, 1, 0] = draws.between(-self.slope, self.slope)[:, 0]
        return found
