"""Writing a picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.errors import fail
from netdsl.files.atomic import replace_file
from netdsl.files.regular import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".webp": "WEBP", ".pgm": "PPM", ".ppm": "PPM"}


def picture_format(path: Path) -> str:
    """The format that the name of a picture asks for; `NetError` N622 where it is none that is written."""
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise fail("N622", f"{quoted(path)} does not end in one of {', '.join(FORMATS)}")
    return found


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 1) or (H, W, 3) in the format of its name, atomically. Raises `NetError` N505, N622."""
    from PIL import Image

    form = picture_format(path)
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    _replace(path, image, form)


def write_mask(path: Path, mask: NDArray[np.uint8], colours: Sequence[tuple[int, int, int]]) -> None:
    """Write the class of each pixel (H, W) as indices into a palette, a PNG file, atomically. Raises `NetError` N505.

    What is written can be read again as a mask.
    """
    from PIL import Image

    image = Image.frombytes("P", mask.shape[::-1], mask.tobytes())
    image.putpalette([level for colour in colours for level in colour])
    _replace(path, image, "PNG")


def _replace(path: Path, image: Image.Image, form: str) -> None:
    """Encoded in memory: where a disk takes a part of what Pillow writes itself, as for JPEG, nothing is raised."""

    def write(temporary: Path) -> None:
        held = BytesIO()
        image.save(held, format=form)
        temporary.write_bytes(held.getvalue())

    replace_file(path, write)
