"""Writing a picture whole, or not at all."""

import resource

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.files.picture import FORMATS, write_picture


@pytest.fixture
def little_room():
    """Files end after 1,000 bytes: of a write that goes beyond, the disk takes a part."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_disk_that_takes_a_part_of_a_picture_leaves_the_old_one(tmp_path, little_room, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 1 if suffix == ".pgm" else 3), np.uint8)
    with pytest.raises(NetError, match="file too large"):
        write_picture(path, noise)
    assert (path.read_bytes(), [*tmp_path.iterdir()]) == (b"old", [path])
