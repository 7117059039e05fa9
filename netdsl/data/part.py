"""A part of an image that is cut out while it is read: what is outside is not resized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

    from netdsl.data.image import Fit


def copy_channels(new: NDArray[Any], old: NDArray[Any]) -> None:
    """new[...] = old, (H, W, C), for pixels that come in another order: a channel at a time NumPy walks along the rows,
    which is eight times as fast as pixel by pixel.
    """
    for channel in range(old.shape[2]):
        new[..., channel] = old[..., channel]


@dataclass(frozen=True)
class Part:
    """`size` = (height, width) pixels from row `top` and column `left` on, then turned over or mirrored."""

    top: int
    left: int
    size: tuple[int, int]
    upside_down: bool = False
    mirrored: bool = False

    def of_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part of an image that is there as an array (H, W, C)."""
        height, width = self.size
        part = pixels[self.top : self.top + height, self.left : self.left + width]
        if self.upside_down:
            part = part[::-1]
        if not self.mirrored:
            return part
        found = np.empty(part.shape, np.uint8)
        copy_channels(found, part[:, ::-1])
        return found

    def of(self, image: Image, fit: Fit | None) -> Image:
        """The part of the image as `fit` brings it to its size, or as it is.

        Where the image is resized, pixels differ from those of the whole by at most 1 of 255: Pillow keeps the corners
        of what it resizes in float32.
        """
        from PIL import Image as PILImage

        height, width = self.size
        if fit is None or image.size == fit.size[::-1]:
            image = image.crop((self.left, self.top, self.left + width, self.top + height))
        else:
            left, top, right, bottom = fit.box(image.width, image.height)
            across, down = (right - left) / fit.size[1], (bottom - top) / fit.size[0]
            box = (
                left + across * self.left,
                top + down * self.top,
                min(left + across * (self.left + width), right),
                min(top + down * (self.top + height), bottom),
            )
            image = image.resize((width, height), PILImage.Resampling.BILINEAR, box=box)
        if self.mirrored:
            image = image.transpose(PILImage.Transpose.FLIP_LEFT_RIGHT)
        return image.transpose(PILImage.Transpose.FLIP_TOP_BOTTOM) if self.upside_down else image
