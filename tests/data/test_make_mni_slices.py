"""The tool that turns the volumes of a template into slices with masks."""

import gzip
import runpy
import struct
import zipfile
from pathlib import Path

import numpy as np

from netdsl.data.open import open_data

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "make_mni_slices.py"))
SHAPE = (6, 8, 160)


def volume(**values):
    """A file of bytes that are 0 but for x from 2 to 3, y from 4 to 7, where slices z have these values."""
    head = bytearray(352)
    struct.pack_into("<i36x4h", head, 0, 348, 3, *SHAPE)
    struct.pack_into("<h", head, 70, 2)
    struct.pack_into("<f", head, 108, 352)
    voxels = np.zeros(SHAPE, np.uint8)
    for z, value in values.items():
        voxels[2:4, 4:8, int(z[1:])] = value
    return gzip.compress(bytes(head) + voxels.tobytes(order="F"))


def test_slices_get_their_likeliest_class_and_one_block_is_held_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        for name, content in (("t1", volume(z5=90)), ("gm", volume(z5=200, z65=100)), ("wm", volume(z65=101))):
            wheel.writestr(TOOL["FILE"].format(name), content)
    TOOL["main"](tmp_path / "x.whl", tmp_path / "mni")
    split = open_data(tmp_path / "mni")
    assert (len(split.train), len(split.test)) == (114, 30)
    assert split.train.labels[0, 56:60, 56:59].tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert split.train.images[0, 56, 57, 0] == 90
    assert split.test.labels[0, 56, 57] == 2
    assert split.train.classes == ("background", "grey matter", "white matter")
