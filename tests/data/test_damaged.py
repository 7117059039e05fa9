"""Files of data with bytes changed, cut off or put in: read, or refused in one line, and never anything else."""

import io
import random
import zipfile

import numpy as np
import pytest
from PIL import Image

from netdsl.data.open import open_data
from netdsl.errors import NetError

RUNS = 150


def csv():
    return b"a,b,label\n1,2.5,cat\n3,4,dog\n5,-6e3,cat\n"


def ts():
    return b"@problemName x\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n7,8,9:1,2,3:b\n"


def npz():
    file = io.BytesIO()
    np.savez(file, x=np.arange(12, dtype=np.uint8).reshape(3, 2, 2), y=np.array([0, 1, 1]))
    return file.getvalue()


def packed_npz():
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros((3, 20)), y=np.array([0.5, 1, 2]))
    return file.getvalue()


def png():
    file = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(file, "PNG")
    return file.getvalue()


def jpeg():
    file = io.BytesIO()
    Image.effect_noise((8, 8), 50).save(file, "JPEG")
    return file.getvalue()


def damaged(content, rng):
    """Content with one of several kinds of damage."""
    place, other = rng.randrange(len(content)), rng.randrange(len(content))
    kind = rng.randrange(5)
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]
    if kind == 2:
        return content[:place] + rng.randbytes(rng.randrange(1, 9)) + content[place:]
    if kind == 3:
        return content[: min(place, other)] + content[max(place, other) :]
    return content[:place] + content[other : other + 20] + content[place:]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (csv, "x.csv"),
        (ts, "x.ts"),
        (npz, "x.npz"),
        (packed_npz, "x.npz"),
        (png, "a/x.png"),
        (jpeg, "a/x.jpg"),
        (png, "masks/x.png"),
    ],
)
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path, make, name):
    rng, path, refused = random.Random(1), tmp_path / name, 0
    path.parent.mkdir(exist_ok=True)
    if "/" in name:
        beside = tmp_path / ("images" if name.startswith("masks") else "b")
        beside.mkdir()
        (beside / path.name).write_bytes(make())
    for _ in range(RUNS):
        path.write_bytes(damaged(make(), rng))
        try:
            split = open_data(tmp_path if "/" in name else path)
        except NetError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert len(split.train.images) == len(split.train.labels)
    assert refused > RUNS / 10


def test_archive_that_is_encrypted_or_packed_in_an_unknown_way_is_refused(tmp_path):
    content = bytearray(npz())
    for flags in (b"PK\x03\x04", b"PK\x01\x02"):
        at = content.index(flags) + (6 if flags[2] == 3 else 8)
        content[at] |= 1
    (tmp_path / "x.npz").write_bytes(content)
    assert zipfile.is_zipfile(tmp_path / "x.npz")
    with pytest.raises(NetError, match="damaged archive"):
        open_data(tmp_path / "x.npz")
