"""Faults of data and images (FAULTS rows 70 to 80): what `netdsl train` says, before it takes memory or time."""

from __future__ import annotations

import gzip
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from netdsl.cli.train import train
from netdsl.data.image_files import list_images
from netdsl.data.open import open_data
from netdsl.errors import NetError
from netdsl.language.load import load
from netdsl.training.block.settings import read_settings

MEMORY = 64 * 2**20
SECONDS = 5


@pytest.fixture(autouse=True, scope="module")
def what_is_imported_late_is_there() -> None:
    """So that what is measured is the refusal."""
    read_settings(load("lenet5").settings)
    Image.init()


def refused(data: object, code: str) -> str:
    """The one line that training LeNet-5 on these data ends with, in little time and memory."""
    tracemalloc.start()
    start = time.monotonic()
    try:
        done = CliRunner().invoke(train, ["lenet5", "--data", str(data), "--out", "never"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(done.exception, NetError), done.output
    assert done.exception.code == code, done.exception
    assert "\n" not in str(done.exception)
    assert peak < MEMORY and time.monotonic() - start < SECONDS
    assert not Path("never").exists()
    return str(done.exception)


def idx(*sizes: int, body: bytes = b"", kind: int = 8) -> bytes:
    return struct.pack(f">HBB{len(sizes)}I", 0, kind, len(sizes), *sizes) + body


def mnist(root: Path, images: bytes, labels: bytes) -> Path:
    root.mkdir(exist_ok=True)
    (root / "train-images-idx3-ubyte").write_bytes(images)
    (root / "train-labels-idx1-ubyte").write_bytes(labels)
    return root


def whole(root: Path, count: int = 20, side: int = 28, labels: int = 10) -> Path:
    """Images in the form of MNIST, of so many classes."""
    body = bytes(i % labels for i in range(count))
    return mnist(root, idx(count, side, side, body=bytes(count * side * side)), idx(count, body=body))


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def photos(root: Path, *, names: str = "ab", each: int = 2, suffix: str = ".png", side: int = 28) -> Path:
    """A folder of grey images, a sub-folder a class."""
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            noise = np.random.default_rng(i).integers(0, 256, (side, side), np.uint8)
            Image.fromarray(noise).save(root / name / f"{i}{suffix}")
    return root


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (b"", "byte 0: the file ends"),
        (b"\x89PNG1234", "byte 0: an IDX file begins with 0x0000, not 0x8950"),
        (b"\0\0\x07\x03", "byte 2: element type 0x07"),
        (b"\0\0\x08\xff", "byte 3: 255 dimensions"),
        (idx(5, 28, 28)[:13], "byte 13: the file ends inside the 3 sizes"),
    ],
)
def test_row_70_a_bad_head_is_refused_with_its_offset(tmp_path: Path, images: bytes, words: str) -> None:
    assert words in refused(mnist(tmp_path / "d", images, idx(1, body=b"\0")), "N602")


@pytest.mark.parametrize("sizes", [(2**32 - 1, 28, 28), (65536, 65536, 65536), (0, 28, 28), (5, 0, 28)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_row_71_sizes_that_cannot_be_are_refused_before_memory_is_taken(tmp_path: Path, sizes: tuple, pack) -> None:
    refused_with = "N604" if pack is gzip.compress and 0 not in sizes else "N603"
    refused(mnist(tmp_path / "d", pack(idx(*sizes)), idx(1, body=b"\0")), refused_with)


@pytest.mark.parametrize("more", [-1, 1])
def test_row_72_a_byte_short_or_long_is_refused_with_both_lengths(tmp_path: Path, more: int) -> None:
    long = idx(1, 28, 28, body=bytes(784 + more))
    assert f"expected 800 bytes for 1x28x28 elements of 1 byte, got {800 + more}" in refused(
        mnist(tmp_path / "d", long, idx(1, body=b"\0")), "N603"
    )
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "data_batch_1.bin").write_bytes(bytes(3 * 3073 + more))
    assert f"got {9219 + more}" in refused(tmp_path / "c", "N603")


def test_row_73_unequal_counts_are_refused_with_the_first_index(tmp_path: Path) -> None:
    message = refused(mnist(tmp_path / "d", idx(3, 28, 28, body=bytes(3 * 784)), idx(2, body=b"\0\1")), "N605")
    assert "3 images" in message and "2 labels: index 2 has no partner" in message


def test_row_73_a_label_beyond_the_classes_is_refused_with_its_index(tmp_path: Path) -> None:
    (whole(tmp_path / "d", count=3) / "classes.txt").write_text("a\nb\n")
    assert "label 2 is 2, but there are 2 classes" in refused(tmp_path / "d", "N605")


def test_row_73_other_classes_than_outputs_are_refused_with_both_numbers(tmp_path: Path) -> None:
    message = refused(f"{whole(tmp_path / 'd', side=28, labels=12)}", "N508")
    assert "10" in message and "12 classes" in message


def test_row_74_images_of_another_size_than_the_input_are_refused_with_both(tmp_path: Path) -> None:
    message = refused(whole(tmp_path / "d", side=30), "N607")
    assert "gives 34x34x1" in message and "the input of the net is 32x32x1" in message


def test_row_75_what_expands_beyond_100_to_1_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(idx(10**6, 28, 28, body=bytes(80 * 2**20)))
    refused(mnist(tmp_path / "d", bomb, idx(1, body=b"\0")), "N604")
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", bytes(70 * 2**20))
    refused(tmp_path / "x.npz", "N604")


def test_row_75_a_table_that_expands_without_end_is_not_unpacked(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "t.csv.gz", "wb") as file:
        for _ in range(80):
            file.write(b"0" * 2**20)
    tracemalloc.start()
    with pytest.raises(NetError) as caught:
        open_data(tmp_path / "t.csv.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "N604"
    assert peak < 3 * MEMORY


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (2**31, 2**31), (14000, 14000), (65535, 65535), (0, 5)])
def test_row_76_an_image_of_too_many_pixels_or_none_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    (photos(tmp_path / "d") / "a" / "0.png").write_bytes(png(*size))
    refused(tmp_path / "d", "N606" if 0 in size else "N607")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_row_77_a_truncated_image_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    path = photos(tmp_path / "d", suffix=suffix) / "b" / f"1{suffix}"
    path.write_bytes(path.read_bytes()[:-200])
    assert f"1{suffix}` cannot be decoded" in refused(tmp_path / "d", "N606")


def test_row_77_cmyk_16_bits_and_animations_are_refused(tmp_path: Path) -> None:
    path = photos(tmp_path / "d") / "a" / "0.png"
    Image.new("CMYK", (28, 28)).save(path, "JPEG")
    assert "colour space CMYK" in refused(tmp_path / "d", "N606")
    Image.fromarray(np.zeros((28, 28), np.uint16)).save(path)
    assert "8 bits" in refused(tmp_path / "d", "N606")
    frames = [Image.new("L", (28, 28), level) for level in (0, 255)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert "animated" in refused(tmp_path / "d", "N606")


def test_row_77_palettes_transparency_and_turns_are_converted(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    Image.new("RGB", (2, 1), (30, 60, 90)).quantize(2).save(tmp_path / "a" / "1.png")
    Image.new("LA", (2, 1), 0).save(tmp_path / "a" / "2.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (1, 2), 50).save(tmp_path / "b" / "1.png", exif=exif)
    images = open_data(tmp_path, size=(1, 2, 1)).train.images
    assert images[:, 0, 0, 0].tolist() == [54, 255, 50]  # 0.299·30 + 0.587·60 + 0.114·90 = 54.45


def test_row_78_odd_names_are_read_and_shown_escaped(tmp_path: Path) -> None:
    root = photos(tmp_path / "d", names="-x", each=1)
    (root / "-" / "0.png").rename(root / "-" / "a\nb.png")
    (root / "x" / "0.png").rename(root / "x" / "-rf.png")
    assert len(open_data(root).train) == 2
    (root / "-" / "a\nb.png").write_bytes(b"x")
    assert r"/-/a\u{a}b.png` is none of" in refused(root, "N606")


def test_row_79_an_image_that_was_changed_since_it_was_listed_is_refused(tmp_path: Path) -> None:
    path = photos(tmp_path, each=1) / "a" / "0.png"
    files = list_images((path,))
    Image.new("L", (28, 28), 1).save(path)
    with pytest.raises(NetError, match="was changed since the training began") as caught:
        files[:1]
    assert caught.value.code == "N616"


def test_row_80_no_images_and_one_class_are_refused(tmp_path: Path) -> None:
    assert "holds no images" in refused(tmp_path, "N601")
    assert "one class only" in refused(whole(tmp_path / "d", labels=1), "N605")


def test_row_80_a_class_without_images_is_refused_by_its_folder(tmp_path: Path) -> None:
    root = photos(tmp_path, each=1)
    (root / "emptied").mkdir()
    message = refused(root, "N605")
    assert "no images are in" in message
    assert str(root / "emptied") in message


def test_row_80_fewer_images_than_a_batch_are_one_smaller_batch(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = whole(tmp_path / "d")
    done = CliRunner().invoke(train, ["lenet5", "--data", str(root), "--epochs", "2", "--batch", "64", "--out", "run"])
    assert done.exit_code == 0, done.output
    assert [line.split(",")[:2] for line in Path("run/metrics.csv").read_text().split()[1:]] == [["1", "1"], ["2", "2"]]
