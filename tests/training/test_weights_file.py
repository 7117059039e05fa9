"""A weight file is read whole or refused, and says which."""

import gzip
import json
import pickle
from dataclasses import replace
from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from netdsl.errors import NetError
from netdsl.training.keeping.record import Record
from netdsl.training.keeping.weights_file import WEIGHTS, check_tensors, read_weights, write_weights

RECORD = Record(
    net="Tiny",
    main="tiny.net",
    texts={"tiny.net": "net Tiny {\n}\n"},
    parameters={"classes": "2"},
    settings={"loss": "mse"},
    pipeline={"steps": []},
    classes=("cat", "dög"),
    data={"source": "toy"},
    steps=3,
)
TENSORS = {
    "d.weight": np.arange(6, dtype=np.float32).reshape(3, 2),
    "d.bias": np.array([0.5, -1], np.float32),
    "e.scale": np.array(2, np.float32),
}


@pytest.fixture
def path(tmp_path):
    write_weights(tmp_path / "w.safetensors", TENSORS, RECORD)
    return tmp_path / "w.safetensors"


def head_and_data(path):
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def rewrite(path, head, data):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def refused(path):
    with pytest.raises(NetError) as caught:
        read_weights(path)
    text = str(caught.value)
    assert "\n" not in text
    assert "w.safetensors" in text
    return caught.value.code, text


def test_what_is_written_is_read(path):
    found = read_weights(path)
    assert found.record == RECORD
    assert found.warnings == ()
    assert found.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(found.tensors[name], tensor, strict=True)


def test_classes_of_further_outputs_are_kept(path):
    write_weights(path, TENSORS, replace(RECORD, others={"age": (), "side": ("left", "right")}))
    assert read_weights(path).record.others == {"age": (), "side": ("left", "right")}


def test_the_same_tensors_give_the_same_bytes(path, tmp_path):
    write_weights(tmp_path / "again", dict(reversed(TENSORS.items())), RECORD)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_other_readers_of_safetensors_read_the_tensors(path):
    assert np.array_equal(load_file(path)["d.weight"], TENSORS["d.weight"])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(NetError, match="no space left on device"):
        write_weights(path, TENSORS, RECORD)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_every_truncation_is_refused(path):
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        assert refused(path)[0] == "N502"


def test_every_sampled_bit_flip_is_refused(path):
    whole = path.read_bytes()
    for bit in np.random.default_rng(0).integers(0, 8 * len(whole), 2000):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(damaged)
        assert refused(path)[0] in ("N501", "N502"), bit


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 100 * 2**20])
def test_a_head_longer_than_the_file_or_the_limit_is_refused(path, length):
    path.write_bytes(length.to_bytes(8, "little") + b"{" + bytes(64))
    assert f"{length} bytes" in refused(path)[1]


def test_deep_json_is_refused(path):
    rewrite(path, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"")
    assert "nested too deeply" in refused(path)[1]


def test_a_number_of_5000_digits_is_refused(path):
    rewrite(path, b'{"a":' + b"1" * 5000 + b"}", b"")
    assert refused(path)[0] == "N502"


def test_a_tensor_given_twice_is_refused(path):
    entry = b'{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    rewrite(path, b'{"a":' + entry + b',"a":' + entry + b"}", bytes(4))
    assert "`a` twice" in refused(path)[1]


def entry(start, stop, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    ("entries", "size", "words"),
    [
        ({"a": entry(0, 8, [2]), "b": entry(4, 8, [1])}, 8, "`b` at data byte 4 overlaps"),
        ({"a": entry(0, 4, [1]), "b": entry(8, 12, [1])}, 12, "`b` at data byte 8 leaves a hole of 4 bytes"),
        ({"a": entry(0, 4, [1])}, 9, "5 bytes follow the last tensor"),
        ({"a": entry(0, 8, [2])}, 4, "4 bytes are missing"),
        ({"a": entry(0, 4, [2])}, 4, "needs 8 bytes, its data_offsets give 4"),
        ({"a": entry(0, 4, [-1])}, 4, "shape is not"),
        ({"a": entry(0, 0, [2**63, 0])}, 0, "shape is not"),
        ({"a": entry(0, 4, [1.0])}, 4, "shape is not"),
        ({"a": entry(4, 0, [1])}, 4, "not a start and an end"),
        ({"a": entry(0, 4, [1], "I32")}, 4, "dtype I32"),
        ({"a": 3}, 4, "not described"),
    ],
)
def test_a_head_that_disagrees_with_the_bytes_is_refused(path, entries, size, words):
    rewrite(path, entries, bytes(size))
    code, text = refused(path)
    assert code == "N502"
    assert words in text


def test_a_zip_behind_the_tensors_is_refused(path):
    path.write_bytes(path.read_bytes() + b"PK\x05\x06" + bytes(18))
    assert "22 bytes follow" in refused(path)[1]


class Executed:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps([Executed(), "x" * 50]), "a Python pickle"),
        (b"PK\x03\x04" + bytes(60), "a zip archive"),
        (gzip.compress(bytes(10**6)), "a gzip archive"),
        (b"\x93NUMPY" + bytes(60), "a NumPy array"),
        (b"net LeNet5 {\n}\n", "it is not safetensors"),
        (save({"a": np.zeros(2, np.float32)}), "no `netdsl`"),
    ],
)
def test_another_kind_of_file_is_named_and_not_opened(path, content, words):
    path.write_bytes(content)
    code, text = refused(path)
    assert code == "N501"
    assert "is not a netdsl weight file" in text
    assert words in text


def test_a_newer_format_names_its_writer(path, monkeypatch):
    monkeypatch.setattr("netdsl.training.keeping.weights_file.WEIGHTS", replace(WEIGHTS, format=2))
    monkeypatch.setattr("netdsl.files.sealed.__version__", "9.9")
    write_weights(path, TENSORS, RECORD)
    monkeypatch.undo()
    code, text = refused(path)
    assert code == "N503"
    assert "format 2, written by netdsl 9.9" in text


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo"])
def test_what_is_not_a_regular_file_is_refused_at_once(path, kind):
    import os

    path.unlink()
    if kind == "folder":
        path.mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    assert refused(path)[0] == "N601"


def test_numbers_that_are_not_finite_give_a_warning(path):
    write_weights(path, TENSORS | {"d.bias": np.array([np.nan, 1], np.float32)}, RECORD)
    (warning,) = read_weights(path).warnings
    assert warning.code == "W501"
    assert "`d.bias`" in warning.message


@pytest.mark.parametrize("part", ["texts", "classes", "settings", "data", "net", "steps", "main", "others"])
def test_a_sealed_record_without_its_parts_is_refused(path, part, monkeypatch):
    broken = RECORD.document() | {part: None}
    monkeypatch.setattr(Record, "document", lambda self: broken)
    write_weights(path, TENSORS, RECORD)
    assert f"no usable `{part}`" in refused(path)[1]


def test_differences_from_the_net_are_listed(path):
    wanted = {"d.weight": (2, 3), "d.bias": (2,), "f.bias": (4,)}
    net = SimpleNamespace(name="Tiny", tensors={k: SimpleNamespace(shape=v) for k, v in wanted.items()})
    with pytest.raises(NetError) as caught:
        check_tensors(path, net, TENSORS)
    assert caught.value.code == "N504"
    text = str(caught.value)
    assert "`f.bias` is missing: 4" in text
    assert "`e.scale` is not in the net" in text
    assert "`d.weight` is 3x2, in the net 2x3" in text


def test_at_most_ten_differences_are_listed(path):
    net = SimpleNamespace(name="Big", tensors={f"t{i}": SimpleNamespace(shape=(1,)) for i in range(30)})
    with pytest.raises(NetError, match="and 20 more"):
        check_tensors(path, net, {})


def sealed(path, array):
    """A whole file, as another writer could make it, with one tensor of any dtype."""
    tensors = {"a": {"shape": list(array.shape), "sha256": sha256(array.tobytes()).hexdigest()}}
    text = json.dumps({"format": 1, "tensors": tensors, **RECORD.document()})
    seal = sha256(text.encode()).hexdigest()
    path.write_bytes(save({"a": array}, {"netdsl": f"{seal}\n{text}"}))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floats_are_converted_where_that_is_exact(path, dtype):
    sealed(path, np.array([0.5, -3, np.inf], dtype))
    np.testing.assert_array_equal(read_weights(path).tensors["a"], np.array([0.5, -3, np.inf], np.float32), strict=True)


@pytest.mark.parametrize("number", [0.1, 1e300, 1e-50])
def test_a_double_that_float32_cannot_hold_is_refused(path, number):
    sealed(path, np.array([number]))
    assert "numbers that float32 cannot" in refused(path)[1]


def test_integers_are_refused(path):
    sealed(path, np.array([1, 2], np.int32))
    assert "dtype I32" in refused(path)[1]
