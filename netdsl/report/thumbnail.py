"""Arrays as small PNG pictures inside a page."""

from __future__ import annotations

import colorsys
from base64 import b64encode
from html import escape as markup
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
LARGEST = 160
"""Pixels of the longer side that a picture keeps in its file."""


def picture(array: Array, *, title: str, width: int = 96) -> str:
    """An `img` of (H, W, 1) or (H, W, 3), `width` pixels wide on the page; numbers that are not bytes are stretched."""
    shown = array if array.dtype == np.uint8 else stretched(array)
    image = Image.fromarray(shown[:, :, 0] if shown.shape[2] == 1 else shown)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    held = BytesIO()
    image.save(held, "PNG", optimize=True)
    text = b64encode(held.getvalue()).decode()
    words = markup(title)
    return f'<img src="data:image/png;base64,{text}" style="width:{width}px" alt="{words}" title="{words}">'


def is_picture(array: Array) -> bool:
    """Whether an array can be shown: an image of one or three channels."""
    return array.ndim == 3 and array.shape[2] in (1, 3)


def stretched(array: Array) -> NDArray[np.uint8]:
    """The smallest finite number as black, the largest as white; what is not finite is black."""
    finite = np.isfinite(array)
    low, high = (array[finite].min(), array[finite].max()) if finite.any() else (0.0, 1.0)
    share = (np.where(finite, array, low).astype(np.float64) - low) / ((high - low) or 1.0)
    return np.asarray(np.rint(255 * share), np.uint8)


def about_zero(array: Array) -> NDArray[np.uint8]:
    """Zero as middle grey, the number farthest from it as black or white."""
    farthest = float(np.abs(array).max(initial=0.0)) or 1.0
    return np.asarray(np.rint(127.5 + 127.5 * array.astype(np.float64) / farthest), np.uint8)


def mask_picture(mask: Array, classes: int, *, title: str, width: int = 96) -> str:
    """An `img` of a mask (H, W) in the colours of its classes, -1 white."""
    palette = np.array([*mask_colours(classes), (255, 255, 255)], np.uint8)
    return picture(palette[mask], title=title, width=width)


def mask_colours(classes: int) -> list[tuple[int, int, int]]:
    """The colour of each class: 0 is black, the others are spread over the circle of hues."""
    hues = (colorsys.hsv_to_rgb((i - 1) / max(classes - 1, 1), 0.75, 0.95) for i in range(1, classes))
    return [(0, 0, 0), *((round(255 * r), round(255 * g), round(255 * b)) for r, g, b in hues)]
