"""Images side by side in one picture."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def grid(images: NDArray[np.float32], low: float, high: float, *, gap: int = 1) -> NDArray[np.uint8]:
    """Images (N, H, W, C), C being 1 or 3, in ⌈√N⌉ columns, by rows, `gap` white pixels between them.

    `low` becomes black and `high` white; what lies outside is cut off.
    """
    count, height, width, channels = images.shape
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    shown = np.clip((images - low) / max(high - low, 1e-12), 0, 1) * 255
    picture = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8)
    for k, image in enumerate(np.rint(shown).astype(np.uint8)):
        y, x = (k // columns) * (height + gap), (k % columns) * (width + gap)
        picture[y : y + height, x : x + width] = image
    return picture
