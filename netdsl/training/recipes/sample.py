"""What a trained generator makes of noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.errors import fail
from netdsl.files.atomic import replace_file
from netdsl.files.picture import write_picture
from netdsl.files.regular import quoted
from netdsl.graph.integer import checked_seed
from netdsl.shapes import format_shape
from netdsl.training.recipes.grid import grid
from netdsl.training.recipes.noise import normals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.training.answers.trained import TrainedNet

BATCH = 64


def sample(trained: TrainedNet, count: int, *, seed: int = 1, threads: int | None = None) -> NDArray[np.float32]:
    """Images (count, H, W, C) as the generator gives them, of normal noise that follows from the seed.

    Raises `NetError` N708 for a seed that is no integer from 0 to 2^31 - 1.
    """
    seed = checked_seed(seed)
    program = trained.compiled(BATCH, threads)
    return np.asarray(program(normals(count, trained.shape, seed, 0)), np.float32)


def write_samples(path: Path, images: NDArray[np.float32]) -> None:
    """A grid of the images as a picture, the darkest number black and the brightest white; as `.npz`, `images` itself.

    Raises `NetError` N505, N622 for other endings, and N529 for what is no image in grey or colour.
    """
    if path.suffix == ".npz":

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, images=images)

        replace_file(path, write)
        return
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        shape = format_shape(images.shape[1:])
        raise fail("N529", f"{quoted(path)}: {shape} is no picture", help="`--out FILE.npz` writes the numbers")
    write_picture(path, grid(images, float(images.min()), float(images.max())))
