"""`color`: brighter and darker images, with more and less contrast and colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netdsl.data.augment.base import Colour, Floats, number
from netdsl.data.draws import Draws

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Grey of red, green and blue, ITU-R 601-2."""
WHITE = 255.0


@dataclass(frozen=True)
class Color(Colour):
    """Brightness b, contrast c and saturation s, each drawn evenly from 1 - strength to 1 + strength.

    y = c·(x' - m) + m,  x' = b·(s·x + (1 - s)·grey(x)),  m the mean of grey(x'); y is cut off at 0 and 255 where the
    images are bytes. Images that are not of three channels have no saturation, and are their own grey.
    """

    word = "color"
    strength: float = number("the largest change of a factor", low=0, high=1)

    def recolour(self, images: Floats, draws: Draws) -> Floats:
        factors = draws.between(1 - self.strength, 1 + self.strength, 3).astype(np.float32)
        bright, contrast, colour = (factors[:, k, None, None, None] for k in range(3))
        if images.shape[3] == len(LUMA):
            grey = (images @ LUMA)[..., None]
            mean = grey.mean(axis=(1, 2), keepdims=True)
            found = images * (bright * contrast * colour)
            found += grey * (bright * contrast * (1 - colour))
        else:
            mean = images.mean(axis=(1, 2, 3), keepdims=True)
            found = images * (bright * contrast)
        found += mean * (bright * (1 - contrast))
        return found
