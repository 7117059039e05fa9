"""`shift`: moved images."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.data.augment.base import Geometric, Matrices, identities, number
from netdsl.data.draws import Draws
from netdsl.shapes import Shape


@dataclass(frozen=True)
class Shift(Geometric):
    """Moved up or down and left or right, each by at most a share of the image's height or width, drawn evenly."""

    word = "shift"
    share: float = number("the largest shift, as a share of the side", low=0, high=1)

    def matrices(self, shape: Shape, draws: Draws) -> Matrices:
        found = identities(len(draws.indices))
        found[:, :2, 2] = draws.between(-self.share, self.share, 2) * shape[:2]
        return found
