"""`cutout`: a square of the image is missing (DeVries and Taylor 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.augment.base import Floats, Mixing, pixels
from netdsl.data.draws import Draws


@dataclass(frozen=True)
class Cutout(Mixing):
    """A square of `side` pixels about a random pixel is 0 after the preparation, the mean where it standardises."""

    word = "cutout"
    side: int = pixels("side of the square", low=1, default=8)

    def mix(self, images: Floats, codes: NDArray[Any], draws: Draws) -> tuple[Floats, NDArray[Any]]:
        height, width = images.shape[1:3]
        corners = np.floor(draws.uniform(2) * (height, width)).astype(int) - self.side // 2
        for image, (top, left) in zip(images, corners, strict=True):
            image[max(top, 0) : max(top + self.side, 0), max(left, 0) : max(left + self.side, 0)] = 0
        return images, codes
