"""Several views of one image at test: what a net says of each is averaged.

The image is enlarged by 8/7, as 256 stands to 224, and cut to its size at the four corners and about the centre; ten
views have the mirror image of each, too (Krizhevsky et al. 2012, section 4.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

VIEWS = (1, 5, 10)


def enlarged(size: tuple[int, int], count: int) -> tuple[int, int]:
    """The height and width that leave room for the corners, ⌈8·size/7⌉; for one view the size itself."""
    return size if count == 1 else (-(-8 * size[0] // 7), -(-8 * size[1] // 7))


def views_of(large: NDArray[Any], size: tuple[int, int], count: int) -> NDArray[Any]:
    """The views of an enlarged image (H, W, C), each of `size` = (height, width): (count, height, width, C).

    One view is the whole image; of five the first four are the corners, by rows, the last the centre.
    """
    height, width = size
    if count == 1:
        return large[None]
    down, right = large.shape[0] - height, large.shape[1] - width
    corners = [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]
    cut = np.stack([large[y : y + height, x : x + width] for y, x in corners])
    return cut if count == 5 else np.concatenate([cut, cut[:, :, ::-1]])
