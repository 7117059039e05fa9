"""Weights go by name and shape; the report has a line for every tensor."""

import numpy as np
import pytest
from safetensors.numpy import save, save_file

from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.block.override import plain_override
from netdsl.training.block.transfer import Transfer
from netdsl.training.transfer.by_name import read_tensors, take_over

NET = parse("net A {\n  input x: 3\n  a: dense(4)\n  b: dense(2)\n}\n")
WHOLE = {
    "a.weight": np.full((3, 4), 2, np.float32),
    "a.bias": np.full(4, 3, np.float32),
    "b.weight": np.full((4, 2), 4, np.float32),
    "b.bias": np.full(2, 5, np.float32),
}


def take(tmp_path, tensors, net=NET, **settings):
    save_file(tensors, tmp_path / "w.safetensors")
    given = [("weights", str(tmp_path / "w.safetensors"))]
    given += [(name, value) for name, values in settings.items() for value in values]
    transfer = Transfer().with_lines(plain_override(name, value, option=f"--{name}") for name, value in given)
    weights = net.initialise(1)
    return take_over(net, weights, transfer), weights


def fates(report):
    return {fate.name: (fate.what, fate.why) for fate in report.fates}


def refused(tmp_path, tensors, **settings):
    with pytest.raises(NetError) as caught:
        take(tmp_path, tensors, **settings)
    return caught.value.code, str(caught.value)


def test_every_tensor_that_fits_is_loaded(tmp_path):
    report, weights = take(tmp_path, WHOLE)
    assert set(fates(report).values()) == {("loaded", "")}
    for name, array in WHOLE.items():
        np.testing.assert_array_equal(weights[name], array)
    assert report.lines()[1] == "  loaded          4 tensors, 26 numbers"


def test_another_shape_is_drawn_anew_and_both_are_told(tmp_path):
    report, weights = take(tmp_path, WHOLE | {"b.weight": np.zeros((4, 7), np.float32)})
    assert fates(report)["b.weight"] == ("re-initialised", "4x2 here, 4x7 in the file")
    np.testing.assert_array_equal(weights["b.weight"], NET.initialise(1)["b.weight"])


def test_a_transposed_shape_names_the_order(tmp_path):
    report, _ = take(tmp_path, WHOLE | {"b.weight": np.zeros((2, 4), np.float32)})
    assert fates(report)["b.weight"][1].endswith("; the order here is (in, out)")


def test_what_is_missing_and_what_is_too_much_are_told(tmp_path):
    tensors = {**WHOLE, "c.bias": np.zeros(2, np.float32), "a.bias@momentum": np.zeros(4, np.float32)}
    del tensors["a.bias"]
    found = fates(take(tmp_path, tensors)[0])
    assert found["a.bias"] == ("re-initialised", "the file has none of this name")
    assert found["c.bias"] == ("skipped", "the net has none of this name")
    assert found["a.bias@momentum"] == ("skipped", "the state of an optimiser")


def test_a_map_renames(tmp_path):
    tensors = {f"model.{name}": array for name, array in WHOLE.items()}
    report, weights = take(tmp_path, tensors, map=["model.**=**"])
    np.testing.assert_array_equal(weights["b.bias"], WHOLE["b.bias"])
    assert fates(report)["b.bias"] == ("loaded", "from model.b.bias")


def test_a_map_that_matches_nothing_is_refused(tmp_path):
    code, text = refused(tmp_path, WHOLE, map=["modl.**=**"])
    assert code == "N520"
    assert "it begins with `a.bias`" in text


def test_two_tensors_for_one_are_refused(tmp_path):
    tensors = WHOLE | {"old.bias": np.zeros(4, np.float32)}
    assert refused(tmp_path, tensors, map=["old.*=a.*"])[0] == "N522"


def test_fresh_nodes_are_drawn(tmp_path):
    report, weights = take(tmp_path, WHOLE, fresh=["b"])
    assert fates(report)["b.bias"] == ("re-initialised", "`fresh` asks for it")
    np.testing.assert_array_equal(weights["b.weight"], NET.initialise(1)["b.weight"])


def test_nothing_that_fits_is_an_error(tmp_path):
    code, text = refused(tmp_path, {"z": np.zeros(2, np.float32)})
    assert code == "N522"
    assert "it has `z`, the net `a.weight`, `a.bias`, `b.weight`" in text


def test_the_table_has_a_line_for_each(tmp_path):
    report, _ = take(tmp_path, {"a.weight": WHOLE["a.weight"], "z": np.zeros(2, np.float32)})
    lines = report.as_csv().splitlines()
    assert lines[0] == "tensor,shape,outcome,why"
    assert lines[1] == "a.weight,3x4,loaded,"
    assert lines[-1] == "z,2,skipped,the net has none of this name"
    assert len(lines) == 6


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_other_programs_are_converted_exactly(tmp_path, dtype):
    (tmp_path / "w").write_bytes(save({"a": np.array([0.5, -3, 65504], dtype)}))
    found = read_tensors(tmp_path / "w").tensors["a"]
    np.testing.assert_array_equal(found, np.array([0.5, -3, 65504], np.float32), strict=True)


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path):
    head = b'{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    (tmp_path / "w").write_bytes(len(head).to_bytes(8, "little") + head + bytes([0x80, 0x3F, 0x49, 0xC0]))
    np.testing.assert_array_equal(read_tensors(tmp_path / "w").tensors["a"], np.array([1, -3.140625], np.float32))


def test_doubles_that_float32_cannot_hold_are_refused(tmp_path):
    (tmp_path / "w").write_bytes(save({"a": np.array([0.1])}))
    with pytest.raises(NetError) as caught:
        read_tensors(tmp_path / "w")
    assert caught.value.code == "N525"


def test_integers_are_left_out(tmp_path):
    report, _ = take(tmp_path, {**WHOLE, "steps": np.array(3, np.int64)})
    assert fates(report)["steps"] == ("skipped", "its numbers are I64, not real ones")


def test_numbers_that_are_not_finite_give_a_warning(tmp_path):
    report, _ = take(tmp_path, WHOLE | {"a.bias": np.array([1, np.nan, 2, 3], np.float32)})
    assert [warning.code for warning in report.warnings] == ["W501"]
