"""Photographs and drawings as arrays: what is converted, and what is refused.

Read: PNG, JPEG, BMP, GIF, WebP, PGM and PPM with 8 bits a channel, up to 64 megapixels. Converted: colour to grey
(luma of ITU-R 601-2) and grey to colour, as the net wants; palettes to their colours; black-and-white to 0 and 255;
transparency laid over white; the turn that a camera noted in EXIF carried out. Refused: 16 bits a channel, CMYK and
other colour spaces, animations, damaged and truncated files.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import NetError, escape, fail
from netdsl.files.regular import open_regular, quoted

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pgm", ".ppm")
MAX_PIXELS = 64 * 2**20
GREY_MODES = ("1", "L", "LA")
COLOUR_MODES = ("P", "PA", "RGB", "RGBA")
EXIF_ORIENTATION = 0x0112
FIRST_SIDEWAYS = 5  # EXIF orientations 5 to 8 swap height and width


def read_image(path: Path, *, channels: int | None = None) -> NDArray[np.uint8]:
    """One image, uint8 (H, W, C); C is `channels`, 1 or 3, or by default what the file has.

    Raises `NetError`: N601 the file cannot be read, N606 it is not an image that can be converted, N607 it is larger
    than 64 megapixels.
    """
    from PIL import ImageOps

    with _opened(path) as image:
        mode = "L" if (channels or _channels(image)) == 1 else "RGB"
        ImageOps.exif_transpose(image, in_place=True)
        pixels = _over_white(image) if image.has_transparency_data else image
        array = np.array(pixels if pixels.mode == mode else pixels.convert(mode), np.uint8)
    return array.reshape(*array.shape[:2], -1)


def image_shape(path: Path, *, channels: int | None = None) -> tuple[int, int, int]:
    """Shape (H, W, C) of what `read_image` gives, from the head of the file. Raises as `read_image`."""
    with _opened(path) as image:
        sideways = image.getexif().get(EXIF_ORIENTATION, 1) >= FIRST_SIDEWAYS
        height, width = (image.width, image.height) if sideways else (image.height, image.width)
        return height, width, channels or _channels(image)


def resize_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The image (H, W, C) at `size` = (height, width): a triangle filter as wide as the reduction, so no aliasing."""
    from PIL import Image as PILImage

    if image.shape[:2] == size:
        return image
    planes = [
        PILImage.fromarray(image[:, :, c]).resize(size[::-1], PILImage.Resampling.BILINEAR)
        for c in range(image.shape[2])
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile]:
    """The image with its head read and checked; whatever Pillow raises or warns of becomes a `NetError`."""
    from PIL import Image as PILImage
    from PIL import UnidentifiedImageError

    file, _ = open_regular(path)
    with file, warnings.catch_warnings():
        warnings.simplefilter("error")
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
