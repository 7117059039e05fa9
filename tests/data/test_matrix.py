import numpy as np
import pytest

from netdsl.data.matrix import parse_matrix, read_numbers
from netdsl.errors import NetError


def test_rows_are_parted_by_slashes():
    assert parse_matrix("5 2/6 7", "it")[:, :, 0].tolist() == [[5, 2], [6, 7]]


def test_channels_are_parted_by_bars():
    found = parse_matrix("1,2/3,4 | 5 6/7 8e1", "it")
    assert (found.shape, found[1, 1].tolist()) == ((2, 2, 2), [4, 80])


@pytest.mark.parametrize("text", ["", "1 2/3", "1 x", "1 2|3", "1//2", "1 2/3 4|5 6"])
def test_what_is_no_matrix_is_refused(text):
    with pytest.raises(NetError, match="N620"):
        parse_matrix(text, "it")


@pytest.mark.parametrize("text", ["1,2\n3,4\n\n5,6\n7,8\n", "\ufeff1;2\r\n3;4\r\n\r\n5;6\r\n7;8"])
def test_an_empty_line_of_csv_parts_channels(tmp_path, text):
    (tmp_path / "a.csv").write_bytes(text.encode())
    assert read_numbers(tmp_path / "a.csv").tolist() == [[[1, 5], [2, 6]], [[3, 7], [4, 8]]]


def test_an_array_keeps_its_shape(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(12, dtype=np.int16).reshape(2, 3, 2))
    assert read_numbers(tmp_path / "a.npy").shape == (2, 3, 2)


def test_of_an_archive_the_array_of_that_name_is_taken(tmp_path):
    np.savez(tmp_path / "a.npz", left=np.zeros(2), right=np.ones(3))
    assert read_numbers(tmp_path / "a.npz", "right").tolist() == [1, 1, 1]
    with pytest.raises(NetError, match="several arrays; there are left, right"):
        read_numbers(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x80\x04."])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NetError, match=rf"N620.*\n?.*{name}"):
        read_numbers(tmp_path / name)


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(NetError, match="N620"):
        read_numbers(tmp_path / "a.npy")
