"""JPEG files whose heads are known: their pixels, without a head being read in Python for each file each time.

The bits are those of `image.read_image`: one way or the other libjpeg-turbo decodes. Where `simplejpeg` is installed,
which holds Python's lock for next to no time, it does; else Pillow's decoder is given the bytes as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from netdsl.data.image import Fit
    from netdsl.data.part import Part

Size = tuple[int, int, int]
MODES = {1: "L", 3: "RGB"}
"""What Pillow calls images of so many channels, and below `simplejpeg`."""
COLOUR_SPACES = {1: "GRAY", 3: "RGB"}


def decode_jpeg(
    content: bytes, shape: Size, *, fit: Fit | None = None, part: Part | None = None
) -> NDArray[np.uint8] | None:
    """The pixels (H, W, C) of a JPEG file whose head said that they have this shape, resized, or a part of that.

    None where they have not, or where anything is wrong with the file: whoever opens it with Pillow learns what.
    """
    try:
        if fit and fit.size != shape[:2]:  # what Pillow is to resize it decodes itself: its images are not arrays
            return by_pillow(content, shape, part, fit)
        return decoder()(content, shape, part)
    except (ValueError, OSError):
        return None


def by_pillow(content: bytes, shape: Size, part: Part | None = None, fit: Fit | None = None) -> NDArray[np.uint8]:
    """The same by Pillow's decoder; `ValueError` where it finds too few, too many or damaged pixels."""
    from PIL import Image

    height, width, channels = shape
    mode = MODES[channels]
    image = Image.frombytes(mode, (width, height), content, "jpeg", mode, "")
    if part:
        image = part.of(image, fit)
    elif fit:
        image = fit.apply(image)
    pixels = np.asarray(image)
    return pixels.reshape(*pixels.shape[:2], channels)


def by_simplejpeg(content: bytes, shape: Size, part: Part | None = None) -> NDArray[np.uint8]:
    """The same by `simplejpeg`; `ValueError` as above, also where libjpeg only warns."""
    import simplejpeg

    pixels: NDArray[Any] = simplejpeg.decode_jpeg(content, COLOUR_SPACES[shape[2]])
    if pixels.shape != shape:
        raise ValueError(f"{pixels.shape} pixels, not {shape}")
    return part.of_pixels(pixels) if part else pixels


@cache
def decoder() -> Callable[[bytes, Size, Part | None], NDArray[np.uint8]]:
    """The faster of the two that is there."""
    try:
        import simplejpeg  # noqa: F401
    except ImportError:
        return by_pillow
    return by_simplejpeg
