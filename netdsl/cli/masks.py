"""`--masks`: the masks that a net answers with, one PNG file for each image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.errors import fail

if TYPE_CHECKING:
    from netdsl.training.predict import Prediction

MOST_COLOURS = 256


def write_masks(folder: Path, found: Sequence[Prediction], classes: int) -> None:
    """Write `NAME.png` for each image NAME into a folder, which is made.

    Raises `NetError` N508 where the net answers with no mask, N505 where the folder cannot be written, N622 for two
    images of one name or more classes than a palette has colours.
    """
    from netdsl.files.picture import write_mask
    from netdsl.files.regular import quoted
    from netdsl.report.thumbnail import mask_colours
    from netdsl.training.run_folder import named_folder

    if classes > MOST_COLOURS:
        raise fail("N622", f"a palette has {MOST_COLOURS} colours, and there are {classes} classes")
    name, count = Counter(one.path.stem for one in found).most_common(1)[0]
    if count > 1:
        raise fail("N622", f"{count} of the images are called {quoted(name)}: their masks would overwrite each other")
    folder = named_folder(folder)
    for one in found:
        if one.mask is None:
            raise fail("N508", "the net gives one answer for an image, and no mask")
        write_mask(folder / f"{one.path.stem}.png", one.mask, mask_colours(classes))
