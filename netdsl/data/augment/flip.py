"""`flip`: mirror images."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.data.augment.base import Geometric, Matrices, choice, identities
from netdsl.data.draws import Draws
from netdsl.shapes import Shape


@dataclass(frozen=True)
class Flip(Geometric):
    """Left and right, or top and bottom, or both apart, change places in half of the images."""

    word = "flip"
    way: str = choice("which sides change places", ("horizontal", "vertical", "both"))

    def matrices(self, shape: Shape, draws: Draws) -> Matrices:
        signs = 1.0 - 2.0 * (draws.uniform(2) < 0.5)
        found = identities(len(signs))
        if self.way != "horizontal":
            found[:, 0, 0] = signs[:, 0]
        if self.way != "vertical":
            found[:, 1, 1] = signs[:, 1]
        return found
