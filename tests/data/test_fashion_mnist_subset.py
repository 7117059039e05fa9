"""The shipped images are the first rows of Fashion-MNIST, byte for byte."""

import gzip
import hashlib
import runpy
from pathlib import Path

import pytest

from netdsl.data.open import SHIPPED, open_data

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "tools" / "make_fashion_mnist_subset.py"))
# SHA-256 of the unpacked files, taken when they were cut from Debian's package 0.0~git20200523.55506a9-1.
SHA256 = {
    "train-images-idx3-ubyte.gz": "6dded81672539b5d148c1a85358069d1808c316dc6f6c0abfd12ba3ced5dd394",
    "train-labels-idx1-ubyte.gz": "d7c464914ae4b919728c5c99c3cdde5a0259febf1e99ddc6927a15768731d7dc",
    "t10k-images-idx3-ubyte.gz": "7a6d8e07ea021ec5bc73135ebd0a5770799557ec6f8242d8749c4f32a3cf4643",
    "t10k-labels-idx1-ubyte.gz": "b40abac7ec8228f434940f579deb7cf7b6e3103b5274cb91d1545771f5ef1c8b",
}


def unpacked(name: str) -> bytes:
    return gzip.decompress((ROOT / "netdsl" / "data" / "fashion_mnist" / name).read_bytes())


@pytest.mark.parametrize("name", SHA256)
def test_shipped_file_has_the_recorded_content(name):
    assert hashlib.sha256(unpacked(name)).hexdigest() == SHA256[name]


@pytest.mark.parametrize("name", SHA256)
def test_shipped_file_is_the_head_of_the_full_one(name):
    full = SCRIPT["SOURCE"] / name
    expected = SHA256[name]  # where the full set is not installed
    if full.exists():
        expected = hashlib.sha256(
            SCRIPT["first_rows"](gzip.decompress(full.read_bytes()), SCRIPT["ROWS"][name])
        ).hexdigest()
    assert hashlib.sha256(unpacked(name)).hexdigest() == expected


def test_first_rows_keeps_header_and_rows():
    content = bytes([0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6])
    assert SCRIPT["first_rows"](content, 2) == bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4])


@pytest.mark.parametrize("name", SHA256)
def test_gzip_head_has_no_time_stamp(name):
    packed = (ROOT / "netdsl" / "data" / "fashion_mnist" / name).read_bytes()
    assert packed[4:8] == bytes(4)


def test_installed_package_has_what_the_list_says():
    (shipped,) = SHIPPED
    split = open_data(shipped.name)
    assert (len(split.train), len(split.test)) == (shipped.train, shipped.test)
    assert split.train.shape == split.test.shape == shipped.shape
    assert len(split.train.classes) == shipped.classes
    assert split.train.classes[split.train.labels[0]] == "Ankle boot"
