"""IDX files: what is read, and FAULTS rows 70 to 73 and 75."""

import gzip
import os
import struct
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdsl.data.idx import DTYPES, read_idx, read_images, read_labels
from netdsl.errors import NetError


def idx(dtype: int, shape: tuple[int, ...], body: bytes) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, dtype, len(shape), *shape) + body


@pytest.fixture
def refused(tmp_path):
    """The one-line message with which `content` is refused, after checking its code."""

    def check(content: bytes, code: str, read=read_idx) -> str:
        path = tmp_path / "x-idx3-ubyte"
        path.write_bytes(content)
        with pytest.raises(NetError) as caught:
            read(path)
        message = str(caught.value)
        assert caught.value.code == code
        assert "\n" not in message
        assert "x-idx3-ubyte" in message
        return message

    return check


@pytest.mark.parametrize(("code", "dtype"), DTYPES.items())
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_element_type_is_read(tmp_path, code, dtype, pack):
    values = np.array([[1, 2, 3], [4, 5, 100]], dtype)
    path = tmp_path / "x"
    path.write_bytes(pack(idx(code, (2, 3), values.tobytes())))
    array = read_idx(path)
    assert array.dtype == np.dtype(dtype).newbyteorder("=")
    assert array.tolist() == [[1, 2, 3], [4, 5, 100]]


def test_images_get_a_channel_axis(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(idx(8, (2, 1, 3), bytes(range(6))))
    assert read_images(path).tolist() == [[[[0], [1], [2]]], [[[3], [4], [5]]]]


def test_images_of_rank_4_keep_their_channels(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(idx(8, (1, 1, 2, 3), bytes(range(6))))
    assert read_images(path).tolist() == [[[[0, 1, 2], [3, 4, 5]]]]


def test_labels_become_int64(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(idx(0x0B, (2,), b"\1\2\0\3"))
    assert read_labels(path).tolist() == [258, 3]
    assert read_labels(path).dtype == np.int64


def test_float_images_are_refused(refused):
    assert "unsigned bytes" in refused(idx(0x0D, (1, 1, 1), bytes(4)), "N602", read_images)


def test_labels_of_rank_2_are_refused(refused):
    assert "1x1" in refused(idx(8, (1, 1), bytes(1)), "N602", read_labels)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "byte 0: the file ends"),
        (b"\0\0\x08", "byte 3: the file ends"),
        (b"\x01\0\x08\x01\0\0\0\1\0", "byte 0: an IDX file begins with 0x0000, not 0x0100"),
        (b"\0\0\x0a\x01\0\0\0\1\0", "byte 2: element type 0x0a"),
        (b"\0\0\x08\xff" + bytes(2000), "byte 3: 255 dimensions"),
        (b"\0\0\x08\x00", "byte 3: 0 dimensions"),
        (b"\0\0\x08\x03\0\0\0\1\0\0", "byte 10: the file ends inside the 3 sizes"),
    ],
)
def test_bad_head_is_refused_with_its_offset(refused, content, words):  # row 70
    assert words in refused(content, "N602")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("shape", [(2**32 - 1,), (65536, 65536, 65536), (2**32 - 1,) * 4])
def test_enormous_sizes_are_refused_before_memory_is_taken(refused, pack, shape):  # row 71
    tracemalloc.start()
    refused(pack(idx(8, shape, bytes(10))), "N604" if pack is gzip.compress else "N603")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_zero_size_is_refused_with_its_offset(refused):  # rows 71 and 80
    assert "byte 4: size 1 of 0x28x28 is zero" in refused(idx(8, (0, 28, 28), b""), "N603")
    assert "byte 12: size 3 of 2x28x0 is zero" in refused(idx(8, (2, 28, 0), b""), "N603")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(("body", "got"), [(5, 21), (7, 23)])
def test_one_byte_short_or_long_is_refused_with_both_lengths(refused, pack, body, got):  # row 72
    message = refused(pack(idx(8, (2, 1, 3), bytes(body))), "N603")
    assert f"expected 22 bytes for 2x1x3 elements of 1 byte, got {got}" in message


def test_gzip_bomb_is_refused_from_its_head(refused):  # row 75
    bomb = gzip.compress(idx(8, (70 * 2**20,), bytes(70 * 2**20)))
    assert "more than 100 to 1" in refused(bomb, "N604")


def test_gzip_bomb_behind_a_small_head_is_not_unpacked(refused):  # row 75
    bomb = gzip.compress(idx(8, (3,), bytes(64 * 2**20)))
    tracemalloc.start()
    message = refused(bomb, "N603")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "got at least 1048587" in message
    assert peak < 8 * 2**20


def test_damaged_gzip_is_refused(refused):
    packed = gzip.compress(idx(8, (100,), bytes(range(100))))
    assert "damaged gzip data" in refused(packed[:-9], "N604")
    assert "damaged gzip data" in refused(packed[:-8] + b"\0\0\0\0" + packed[-4:], "N604")


def test_a_pipe_without_a_writer_is_refused_at_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    start = time.monotonic()
    with pytest.raises(NetError, match="not a regular file"):
        read_idx(pipe)
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("name", ["missing", ".", "a\0b"])
def test_what_is_not_a_file_is_refused(tmp_path, name):
    with pytest.raises(NetError) as caught:
        read_idx(tmp_path / name)
    assert caught.value.code == "N601"


@given(st.integers(0, 30), st.integers(0, 255), st.booleans())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_is_read_or_refused(tmp_path, position, value, packed):
    content = bytearray(idx(8, (2, 2, 3), bytes(12)))
    content[position % len(content)] = value
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(content) if packed else content)
    try:
        assert read_idx(path).nbytes == 12
    except NetError as error:
        assert error.code in ("N602", "N603", "N604")
