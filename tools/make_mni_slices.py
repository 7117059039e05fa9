"""Writes pairs of image and mask, slices of the MNI template of the brain, from the wheel of the package nilearn.

Usage: pip download nilearn==0.14.1 --no-deps && python tools/make_mni_slices.py nilearn-0.14.1-py3-none-any.whl mni

The template (Fonov et al. 2009) comes as three volumes of 197x233x189 voxels of 1 mm: the T1 image, and how likely each
voxel is grey and white matter. 150 axial slices, 5 to 154 from below, are halved in both directions, set into 116x116
pixels, and each pixel gets its likeliest class: background, grey or white matter. Slices 65 to 94, one block, are held
out as the test part. Neighbours are alike, so the three slices on either side of the block are in no part. What is
written is a folder that `netdsl train --data mni` reads.
"""

from __future__ import annotations

import gzip
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLASSES = ("background", "grey matter", "white matter")
VOLUMES = ("t1", "gm", "wm")
FILE = "nilearn/datasets/data/mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
SLICES = range(5, 155)
HELD = range(65, 95)
APART = 3
SIDE = 116
UINT8, HEAD = 2, 348


def read_volume(content: bytes) -> NDArray[np.uint8]:
    """The voxels of a NIfTI-1 file of bytes, low byte first, by x to the right, y to the front and z upwards."""
    size, axes, *shape = struct.unpack_from("<i36x4h", content)
    (kind,), (start,) = struct.unpack_from("<h", content, 70), struct.unpack_from("<f", content, 108)
    assert (size, axes, kind) == (HEAD, 3, UINT8), f"a volume of bytes is expected, not {(size, axes, kind)}"
    count = shape[0] * shape[1] * shape[2]
    return np.frombuffer(content, np.uint8, count, int(start)).reshape(shape, order="F")


def framed(volume: NDArray[np.uint8], z: int) -> NDArray[np.float64]:
    """One slice, seen from above with the front at the top: means of 2x2 voxels in SIDE x SIDE pixels, the rest 0."""
    seen = volume[:, ::-1, z].T.astype(np.float64)
    height, width = seen.shape[0] // 2, seen.shape[1] // 2
    halved = seen[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    return np.pad(halved, ((top, SIDE - height - top), (left, SIDE - width - left)))


def pair(volumes: dict[str, NDArray[np.uint8]], z: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The image of a slice, 0 to 255, and the class of each pixel."""
    grey, white = framed(volumes["gm"], z), framed(volumes["wm"], z)
    classes = np.argmax([255 - grey - white, grey, white], axis=0)
    return np.rint(framed(volumes["t1"], z)).astype(np.uint8), classes.astype(np.uint8)


def part_of(z: int) -> str | None:
    """`test` for the block that is held out, None for its neighbours, else `train`."""
    if z in HELD:
        return "test"
    return None if HELD[0] - APART <= z <= HELD[-1] + APART else "train"


def main(wheel: Path, target: Path) -> None:
    """Write the images, the masks and the names of the classes."""
    with zipfile.ZipFile(wheel) as archive:
        volumes = {name: read_volume(gzip.decompress(archive.read(FILE.format(name)))) for name in VOLUMES}
    counts = {"train": 0, "test": 0}
    for z in SLICES:
        part = part_of(z)
        if part is None:
            continue
        counts[part] += 1
        for folder, pixels in zip(("images", "masks"), pair(volumes, z), strict=True):
            (target / part / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(target / part / folder / f"{z:03}.png")
    (target / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    print(f"{target}: {counts['train']} slices to train on, {counts['test']} held out")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
