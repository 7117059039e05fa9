"""Photographs and drawings as arrays: what is converted, and what is refused.

Read: PNG, JPEG, BMP, GIF, WebP, PGM and PPM with 8 bits a channel, up to 64 megapixels. Converted: colour to grey
(luma of ITU-R 601-2) and grey to colour, as the net wants; palettes to their colours; black-and-white to 0 and 255;
transparency laid over white; the turn that a camera noted in EXIF carried out. Refused: 16 bits a channel, CMYK and
other colour spaces, animations, damaged and truncated files.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.jpeg import MODES
from netdsl.errors import NetError, escape, fail
from netdsl.files.regular import open_regular, quoted

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from netdsl.data.part import Part

EXACT = ("PNG", "BMP", "GIF", "PPM")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pgm", ".ppm")
MAX_PIXELS = 64 * 2**20
GREY_MODES = ("1", "L", "LA")
COLOUR_MODES = ("P", "PA", "RGB", "RGBA")
EXIF_ORIENTATION = 0x0112
FIRST_SIDEWAYS = 5  # EXIF orientations 5 to 8 swap height and width


@dataclass(frozen=True)
class Fit:
    """Bringing an image to one `size`, (height, width): stretched, or with `cover` scaled to cover it and cut about its
    centre, which keeps its proportions.
    """

    size: tuple[int, int]
    cover: bool = False

    def apply(self, image: Image) -> Image:
        """The image at the size."""
        from PIL import Image as PILImage

        height, width = self.size
        if image.size == (width, height):
            return image
        return image.resize((width, height), PILImage.Resampling.BILINEAR, box=self.box(image.width, image.height))

    @property
    def draft(self) -> int:
        """Pixels of a side that a JPEG decoded at a half, a quarter or an eighth still has: twice as many as wanted."""
        return 2 * max(self.size)

    def reduces(self, height: int, width: int) -> bool:
        """Whether a JPEG of this size is decoded at a half or less."""
        return min(height, width) // self.draft >= 2

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is kept of an image."""
        if not self.cover:
            return 0, 0, width, height
        scale = min(width / self.size[1], height / self.size[0])
        left, top = (width - scale * self.size[1]) / 2, (height - scale * self.size[0]) / 2
        return left, top, width - left, height - top


def read_image(
    path: Path, *, channels: int | None = None, fit: Fit | None = None, part: Part | None = None
) -> NDArray[np.uint8]:
    """One image, uint8 (H, W, C); C is `channels`, 1 or 3, or by default what the file has.

    `fit` resizes it, and of the result there may only be a `part` wanted.

    Raises `NetError`: N601 the file cannot be read, N606 it is not an image that can be converted, N607 it is larger
    than 64 megapixels.
    """
    from PIL import ImageOps

    with _opened(path) as image:
        mode = MODES[channels or _channels(image)]
        if fit:
            image.draft(image.mode, (fit.draft, fit.draft))
        ImageOps.exif_transpose(image, in_place=True)
        pixels = _over_white(image) if image.has_transparency_data else image
        pixels = pixels if pixels.mode == mode else pixels.convert(mode)
        if part:
            pixels = part.of(pixels, fit)
        elif fit:
            pixels = fit.apply(pixels)
        array = np.asarray(pixels, np.uint8)
    return array.reshape(*array.shape[:2], -1)


def read_mask(path: Path, *, fit: Fit | None = None) -> NDArray[np.uint8]:
    """The class of each pixel, uint8 (H, W): the indices of a palette, the levels of grey, 0 and 1 of black-and-white.

    `fit` resizes it without mixing classes. Raises `NetError` as `read_image`, and N606 for an image in colour.
    """
    with _opened(path) as image:
        if image.mode not in ("1", "L", "P"):
            raise fail("N606", f"{quoted(path)} is in colour: a mask has a palette or levels of grey, one a class")
        if image.format not in EXACT:
            raise fail("N606", f"{quoted(path)} is a {image.format} file, which changes numbers: save masks as PNG")
        pixels = np.array(image, np.uint8)
    return nearest(pixels, fit) if fit else pixels


def nearest(mask: NDArray[Any], fit: Fit) -> NDArray[Any]:
    """The mask (…, H, W) at the size of `fit`: each pixel takes the class at its centre."""
    height, width = mask.shape[-2:]
    if (height, width) == fit.size:
        return mask
    left, top, right, bottom = fit.box(width, height)
    rows = top + (np.arange(fit.size[0]) + 0.5) * ((bottom - top) / fit.size[0])
    columns = left + (np.arange(fit.size[1]) + 0.5) * ((right - left) / fit.size[1])
    return mask[..., rows.astype(np.intp)[:, None], columns.astype(np.intp)]


def image_shape(path: Path, *, channels: int | None = None) -> tuple[int, int, int]:
    """Shape (H, W, C) of what `read_image` gives, from the head of the file. Raises as `read_image`."""
    return image_head(path, channels=channels)[0]


def image_head(path: Path, *, channels: int | None = None) -> tuple[tuple[int, int, int], bool]:
    """The shape, and whether the file is a JPEG of just these pixels, neither to be converted nor turned."""
    with _opened(path) as image:
        turn = image.getexif().get(EXIF_ORIENTATION, 1)
        height, width = (image.width, image.height) if turn >= FIRST_SIDEWAYS else (image.height, image.width)
        shape = height, width, channels or _channels(image)
        return shape, image.format == "JPEG" and turn == 1 and image.mode == MODES[shape[2]]


def resize_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The image (H, W, C) at `size` = (height, width): a triangle filter as wide as the reduction, so no aliasing."""
    from PIL import Image as PILImage

    if image.shape[:2] == size:
        return image
    planes = [Fit(size).apply(PILImage.fromarray(image[:, :, c])) for c in range(image.shape[2])]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


class _Strict:
    """While one thread or more are inside, warnings of Pillow are errors.

    `warnings.catch_warnings` would not do: of two threads, the one that leaves last may leave the other's filters.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filter: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside or self._filter not in warnings.filters:
                warnings.filterwarnings("error", module=r"PIL\b")
                self._filter = warnings.filters[0]
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._filter in warnings.filters:
                warnings.filters.remove(self._filter)  # type: ignore[attr-defined]


_STRICT = _Strict()


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile]:
    """The image with its head read and checked; whatever Pillow raises or warns of becomes a `NetError`."""
    from PIL import Image as PILImage
    from PIL import UnidentifiedImageError

    file, _ = open_regular(path)
    with file, _STRICT:
        try:
            with PILImage.open(file, formats=FORMATS) as image:
                _check(image, path)
                yield image
        except NetError:
            raise
        except (PILImage.DecompressionBombError, PILImage.DecompressionBombWarning):
            raise fail("N607", f"{quoted(path)} is larger than 64 megapixels") from None
        except UnidentifiedImageError:
            raise fail("N606", f"{quoted(path)} is none of {', '.join(FORMATS)}, or its head is damaged") from None
        except Exception as error:  # a decoder given hostile bytes raises almost anything
            words = str(error) or type(error).__name__
            raise fail("N606", f"{quoted(path)} cannot be decoded: {escape(words)}") from None


def _check(image: ImageFile, path: Path) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise fail("N607", f"{quoted(path)} is {height}x{width}: {width * height / 2**20:.0f} megapixels, 64 at most")
    if not width * height:
        raise fail("N606", f"{quoted(path)} is {height}x{width}: it has no pixels")
    # MPO is a JPEG followed by previews or a second eye's view; its first picture is the photograph.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise fail("N606", f"{quoted(path)} is animated: save the frame that is wanted")
    if _is_deep(image):
        raise fail("N606", f"{quoted(path)} has more than 8 bits a channel: save it with 8")
    if image.mode not in GREY_MODES + COLOUR_MODES:
        raise fail("N606", f"{quoted(path)} is in colour space {image.mode}: save it as RGB or grey")


def _is_deep(image: ImageFile) -> bool:
    """Whether the file holds more than 8 bits a channel; Pillow cuts 48-bit colour to 24 without a word."""
    if image.mode in ("I", "F", "I;16", "I;16B", "I;16L"):
        return True
    if image.format == "PNG":
        return any(";16" in str(tile[3]) for tile in image.tile)
    if image.format == "PPM":
        return any(isinstance(tile[3], tuple) and tile[3][-1] > 255 for tile in image.tile)
    return False


def _channels(image: Image) -> int:
    return 1 if image.mode in GREY_MODES else 3


def _over_white(image: Image) -> Image:
    from PIL import Image as PILImage

    layer = image.convert("RGBA")
    return PILImage.alpha_composite(PILImage.new("RGBA", layer.size, "white"), layer).convert("RGB")
