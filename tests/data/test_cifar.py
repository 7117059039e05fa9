"""The binary files of CIFAR: records become images and labels, and FAULTS rows 72 and 73."""

import numpy as np
import pytest

from netdsl.data.open import open_data
from netdsl.errors import NetError


def record(*labels, red=0, green=0, blue=0):
    return bytes(labels) + bytes([red]) * 1024 + bytes([green]) * 1024 + bytes([blue]) * 1024


def test_planes_become_channels_and_files_follow_each_other(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(record(3, red=1, green=2, blue=3) + record(0))
    (tmp_path / "data_batch_2.bin").write_bytes(record(9))
    (tmp_path / "test_batch.bin").write_bytes(record(5))
    split = open_data(tmp_path)
    assert split.train.images[0, 31, 31].tolist() == [1, 2, 3]
    assert split.train.labels.tolist() == [3, 0, 9]
    assert split.train.classes == tuple("0123456789")
    assert split.test.labels.tolist() == [5]


def test_rows_run_from_the_top_and_columns_from_the_left(tmp_path):
    content = bytearray(record(0))
    content[1 + 33] = 7  # the second row's second pixel, red
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(content) + record(1))
    assert np.argwhere(open_data(tmp_path).train.images[0]).tolist() == [[1, 1, 0]]


def test_cifar_100_gives_the_fine_labels_and_their_names(tmp_path):
    (tmp_path / "train.bin").write_bytes(record(4, 99) + record(0, 1))
    (tmp_path / "fine_label_names.txt").write_text("".join(f"name{i}\n" for i in range(100)))
    split = open_data(tmp_path)
    assert split.train.labels.tolist() == [99, 1]
    assert split.train.classes[99] == "name99"
    assert split.test is None


@pytest.mark.parametrize(("size", "expected"), [(3072, 3073), (3074, 3073), (2 * 3073 + 1, 2 * 3073), (0, 3073)])
def test_another_length_than_whole_records_is_refused(tmp_path, size, expected):  # row 72
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(size))
    with pytest.raises(NetError, match=f"expected {expected} bytes for .* got {size}") as caught:
        open_data(tmp_path)
    assert caught.value.code == "N603"


def test_label_beyond_the_classes_is_refused(tmp_path):  # row 73
    (tmp_path / "data_batch_1.bin").write_bytes(record(0) + record(10))
    with pytest.raises(NetError, match="label 1 is 10, but there are 10 classes"):
        open_data(tmp_path)


def test_another_number_of_names_than_classes_is_refused(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(record(0) + record(1))
    (tmp_path / "batches.meta.txt").write_text("airplane\n")
    with pytest.raises(NetError, match="has 1 names; there are 10 classes"):
        open_data(tmp_path)
