"""Faults of weight files: refused in one line that says where, nothing executed or inflated, never in silence."""

import gzip
import io
import json
import os
import pickle
import time
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save

from netdsl.cli.eval import evaluate
from netdsl.cli.predict import predict
from netdsl.errors import NetError
from netdsl.files.regular import open_regular
from netdsl.language.load import parse
from netdsl.training.answers.trained import open_run
from netdsl.training.keeping import weights_file
from netdsl.training.keeping.record import Record
from netdsl.training.keeping.weights_file import read_weights, write_weights
from netdsl.training.transfer.by_name import read_tensors

TEXT = "net A {\n  input x: 3x3x1\n  d: dense(2, act=softmax)\n}\n"
RECORD = Record("A", "a.net", {"a.net": TEXT}, {}, {"loss": "cross_entropy"}, [], ("no", "yes"), {"source": "toy"}, 3)
TENSORS = {name: np.full(p.shape, 0.5, np.float32) for name, p in parse(TEXT).tensors.items()}


@pytest.fixture
def path(tmp_path):
    write_weights(tmp_path / "w.safetensors", TENSORS, RECORD)
    return tmp_path / "w.safetensors"


def refused(path, read=read_weights):
    with pytest.raises(NetError) as caught:
        read(path)
    text = str(caught.value)
    assert path.name in text and len(text.splitlines()) == 1
    return caught.value.code, text


def raw(head, data=b""):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(start, stop, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_row_44_an_empty_or_cut_off_file(path):
    write_weights(path, TENSORS | {"big": np.zeros(20_000, np.float32)}, RECORD)
    whole = path.read_bytes()
    for size in (0, 1, 7, 8, 9, *range(1024, len(whole), 1024), len(whole) - 1):
        path.write_bytes(whole[:size])
        assert refused(path)[0] == "N502", size


def test_row_45_ten_thousand_bit_flips(path):
    whole = path.read_bytes()
    with path.open("r+b", buffering=0) as file:  # a byte is changed in place: making files anew would take most time
        for bit in map(int, np.random.default_rng(0).integers(0, 8 * len(whole), 10_000)):
            os.pwrite(file.fileno(), bytes([whole[bit // 8] ^ 1 << bit % 8]), bit // 8)
            with pytest.raises(NetError) as caught:
                read_weights(path)
            assert caught.value.code in ("N501", "N502"), bit
            os.pwrite(file.fileno(), whole[bit // 8 : bit // 8 + 1], bit // 8)
    assert read_weights(path).record == RECORD


@pytest.mark.parametrize(
    "content",
    [
        (2**63).to_bytes(8, "little") + b"{" + bytes(64),
        raw(b'{"a":' * 10**5 + b"1" + b"}" * 10**5),
        raw(b'{"__metadata__":{"a":"' + b"x" * (100 * 2**20) + b'"}}'),
        raw(b"{" + b",".join(b'"%d":{}' % i for i in range(600_000)) + b"}"),
    ],
    ids=["2^63 bytes", "10^5 deep", "100 MB", "600,000 objects"],
)
def test_row_46_huge_heads(path, content):
    path.write_bytes(content)
    start = time.monotonic()
    assert refused(path)[0] == "N502"
    assert time.monotonic() - start < 1


def test_row_47_a_tensor_twice(path):
    one = json.dumps(entry(0, 4, [1])).encode()
    path.write_bytes(raw(b'{"a":' + one + b',"a":' + one + b"}", bytes(4)))
    assert "`a` twice" in refused(path)[1]
    assert "`a` twice" in refused(path, read_tensors)[1]


@pytest.mark.parametrize(
    ("head", "size", "words"),
    [
        ({"a": entry(0, 8, [2]), "b": entry(4, 8, [1])}, 8, "overlaps"),
        ({"a": entry(0, 4, [1]), "b": entry(8, 12, [1])}, 12, "leaves a hole of 4 bytes"),
        ({"a": entry(0, 4, [1])}, 9, "5 bytes follow"),
    ],
)
def test_row_48_overlaps_holes_and_trailing_bytes(path, head, size, words):
    path.write_bytes(raw(head, bytes(size)))
    assert words in refused(path)[1]
    assert words in refused(path, read_tensors)[1]


def test_row_48_a_zip_archive_behind_the_tensors(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x", "y")
    assert "bytes follow the last tensor" in refused(path)[1]


@pytest.mark.parametrize(
    "one", [entry(0, 4, [2]), entry(0, 4, [-1]), entry(0, 0, [2**63, 0]), entry(0, 4, [2**62, 2**62]), entry(4, 0, [1])]
)
def test_row_49_shapes_that_do_not_give_the_bytes(path, one):
    path.write_bytes(raw({"a": one}, bytes(4)))
    assert refused(path)[0] == refused(path, read_tensors)[0] == "N502"


class Executed:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


def pickled(protocol):
    return pickle.dumps([Executed(), "x" * 50], protocol)


def archive(**members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return made.getvalue()


def objects():
    made = io.BytesIO()
    np.savez(made, a=np.array([Executed()], object))
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickled(2), "a Python pickle"),
        (pickled(5), "a Python pickle"),
        (archive(**{"archive/data.pkl": pickled(2)}), "a zip archive"),
        (objects(), "a zip archive"),
    ],
    ids=["pickle 2", "pickle 5", "torch", "npz"],
)
def test_row_50_nothing_in_other_kinds_of_files_is_executed(path, content, words):
    path.write_bytes(content)
    for read in (read_weights, read_tensors):
        code, text = refused(path, read)
        assert code == "N501" and words in text


@pytest.mark.parametrize(
    "content", [archive(**{"a.npy": bytes(10**7)}), gzip.compress(bytes(10**7))], ids=["npz", "gzip"]
)
def test_row_51_bombs_are_not_inflated(path, content):
    path.write_bytes(content)
    tracemalloc.start()
    assert refused(path)[0] == "N501"
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_row_52_up_to_ten_differences_are_listed(path):
    tensors = {f"t{i}": np.zeros(1, np.float32) for i in range(20)} | {"d.weight": np.zeros((2, 9), np.float32)}
    write_weights(path, tensors, RECORD)
    code, text = refused(path, open_run)
    assert code == "N504"
    assert "`d.bias` is missing: 2" in text and "and 12 more" in text
    write_weights(path, TENSORS | {"d.weight": np.zeros((2, 9), np.float32)}, RECORD)
    assert "`d.weight` is 2x9, in the net 9x2" in refused(path, open_run)[1]


def test_row_53_numbers_that_are_not_finite_warn_or_are_refused(path):
    for number in (np.nan, np.inf):
        write_weights(path, TENSORS | {"d.bias": np.array([number, 1], np.float32)}, RECORD)
        assert [w.code for w in open_run(path).warnings] == ["W501"]
        assert refused(path, lambda file: open_run(file, strict=True))[0] == "N526"
        for command, rest in ((evaluate, []), (predict, ["photo.png"])):
            done = CliRunner().invoke(command, [str(path), "--strict", *rest])
            assert isinstance(done.exception, NetError) and done.exception.code == "N526"


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_row_54_other_floats_are_converted_exactly(path, dtype):
    path.write_bytes(save({"a": np.array([0.5, -3, np.inf], dtype)}))
    np.testing.assert_array_equal(read_tensors(path).tensors["a"], np.array([0.5, -3, np.inf], np.float32), strict=True)


@pytest.mark.parametrize("number", [0.1, 1e300, 1e-50])
def test_row_54_or_refused(path, number):
    path.write_bytes(save({"a": np.array([number])}))
    assert refused(path, read_tensors)[0] == "N525"


def test_row_54_big_endian_arrays_are_written_low_byte_first(path):
    write_weights(path, {name: array.astype(">f4") for name, array in TENSORS.items()}, RECORD)
    np.testing.assert_array_equal(read_weights(path).tensors["d.weight"], TENSORS["d.weight"], strict=True)


def test_row_56_a_newer_format_names_its_writer(path, monkeypatch):
    monkeypatch.setattr(weights_file, "WEIGHTS", replace(weights_file.WEIGHTS, format=2))
    write_weights(path, TENSORS, RECORD)
    monkeypatch.undo()
    code, text = refused(path)
    assert code == "N503" and "format 2, written by netdsl" in text


def test_row_57_a_link_is_followed_and_a_loop_is_refused(path):
    link, loop = path.with_name("link"), path.with_name("loop")
    link.symlink_to(path.name)
    loop.symlink_to("loop")
    assert open_run(link).name == "A"
    assert refused(loop)[0] == "N601"


@pytest.mark.parametrize("change", [-1, 1])
def test_row_57_a_file_that_changes_while_it_is_read(path, monkeypatch, change):
    def opened(file):
        found = open_regular(file)
        os.truncate(file, found[1] + change)
        return found

    monkeypatch.setattr("netdsl.files.sealed.open_regular", opened)
    assert "the file changed while it was read" in refused(path)[1]


def test_row_57_a_folder_that_cannot_be_written(path):
    """Not even by root, for whom permissions are no bar."""
    for folder, reason in ((path.parent / "missing", "no such file"), (Path("/proc"), ""), (path, "not a directory")):
        code, text = refused(folder / "w", lambda file: write_weights(file, TENSORS, RECORD))
        assert code == "N505" and "cannot be written" in text and reason in text
