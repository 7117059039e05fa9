"""`--masks`: the masks that a net answers with, one PNG file for each image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.errors import fail

if TYPE_CHECKING:
    from netdsl.training.answers.predict import Prediction

MOST_COLOURS = 256


def write_masks(folder: Path, found: Sequence[Prediction]) -> None:
    """Write `NAME.png` for each image NAME, `NAME[3].png` for example 3 of NAME.npz, into a folder, which is made.

    Raises `NetError` N508 where the net answers with no mask, N505 where the folder cannot be written, N622 for two
    images of one name, more classes than a palette has colours, or a mask that would replace one of the images.
    """
    from netdsl.files.picture import write_mask
    from netdsl.files.regular import quoted
    from netdsl.report.thumbnail import mask_colours
    from netdsl.training.keeping.run_folder import named_folder

    masks = [one.masked for one in found]
    if any(one is None for one in masks):
        raise fail("N508", "the net gives one answer for an image, and no mask")
    classes = max((one.classes for one in masks if one), default=0)
    if classes > MOST_COLOURS:
        raise fail("N622", f"a palette has {MOST_COLOURS} colours, and there are {classes} classes")
    names = [_name(one.path) for one in found]
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise fail("N622", f"{count} of the images are called {quoted(name)}: their masks would overwrite each other")
    asked = {one.path.resolve() for one in found}
    for path in (folder / f"{name}.png" for name in names):
        if path.resolve() in asked:
            raise fail("N622", f"the mask {quoted(path)} would replace the image", help="give another `--masks FOLDER`")
    folder = named_folder(folder)
    for name, one in zip(names, masks, strict=True):
        assert one is not None and one.mask is not None
        write_mask(folder / f"{name}.png", one.mask, mask_colours(classes))


def _name(path: Path) -> str:
    """What the mask of an image is called, without its ending; an example of an archive keeps its number."""
    archive, bracket, number = path.name.rpartition(".npz[")
    return f"{archive}[{number}" if bracket else path.stem
