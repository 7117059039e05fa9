"""`crop`: a part of the image, from a random place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netdsl.data.augment.base import Geometric, Matrices, identities, pixels, size
from netdsl.data.draws import Draws
from netdsl.errors import Fault
from netdsl.shapes import Shape, format_shape


@dataclass(frozen=True)
class Crop(Geometric):
    """A part of that size, from a random place of the image with `pad` rows and columns of zeros on each side.

    Four pixels on each side of CIFAR-10: He et al. 2015, section 4.2.
    """

    word = "crop"
    size: tuple[int, int] = size("height and width of the part, pixels")
    pad: int = pixels("pixels of zeros on each side", low=0, default=0)

    def matrices(self, shape: Shape, draws: Draws) -> Matrices:
        room = np.array([side + 2 * self.pad - part for side, part in zip(shape, self.size, strict=False)])
        found = identities(len(draws.indices))
        found[:, :2, 2] = np.floor(draws.uniform(2) * (room + 1)) - room / 2
        return found

    def out_shape(self, shape: Shape) -> Shape:
        if any(side + 2 * self.pad < part for side, part in zip(shape, self.size, strict=False)):
            raise Fault("N615", f"`{self.text()}` finds an image of {format_shape(shape)}, which is smaller")
        return (*self.size, shape[2])
