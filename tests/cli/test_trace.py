"""`netdsl trace`: a convolution worked out window by window."""

import json

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from netdsl.cli import main

SMALL = """net S {
  input x: 4x4x1
  C: conv(1, 2x2, act=relu)
  P: avgpool(2x2, ceil=true)
  out: dense(2)
}
"""
X, W = "5 2 3 4/6 7 8 5/4 5 4 5/1 0 2 3", "1 0/1 -1"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["trace", *arguments])


def test_a_window_is_printed_as_the_lectures_print_it(small):
    result = run(small, "C", "--input", X, "--weight", W, "--bias", "-3", "--at", "0,2")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (
        "C = conv(1, 2x2, act=relu), 4x4x1 → 3x3x1\n"
        "\n"
        "C[0,2]\n"
        "  3 4  ·  1  0  =  3  0\n"
        "  8 5     1 -1     8 -5\n"
        "  3 + 0 + 8 - 5 = 6, + bias -3 = 3, relu gives 3\n"
        "  engine 3, equal\n"
        "\n"
        "the engine's output\n"
        "  1 0 3\n"
        "  2 5 4\n"
        "  2 0 0\n"
        "\n"
        "the engine and float64 arithmetic agree in all 9 numbers\n"
    )


def test_a_mean_leaves_out_what_lies_beyond_the_border(small):
    said = run(small, "P", "--input", X, "--weight", f"C={W}", "--at", "0,1").stdout
    assert "  6 -\n  7 -\n  (6 + 7)/2 = 6.5\n  engine 6.5, equal\n" in said


def test_json_has_every_window(small):
    found = json.loads(run(small, "C", "--input", X, "--weight", W, "--format", "json").stdout)
    assert [step["engine"] for step in found["steps"]] == [4, 1, 6, 5, 8, 7, 5, 3, 3]
    assert found["steps"][0]["planes"][0]["products"] == [[5, 0], [6, -7]]


def test_a_large_map_is_told_in_part():
    said = run("lenet5", "C1", "--input", " ".join(["0"] * 1024), "--seed", "3")
    assert said.exit_code == 1  # 1x1024 is no 32x32
    rows = "/".join([" ".join(["1"] * 32)] * 32)
    assert "4,640 more windows" in run("lenet5", "C1", "--input", rows).stdout


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv"])
def test_input_may_be_a_file_of_numbers(small, tmp_path, suffix):
    path, numbers = tmp_path / f"x{suffix}", np.arange(16).reshape(4, 4)
    save = {
        ".npy": np.save,
        ".npz": lambda p, a: np.savez(p, x=a),
        ".csv": lambda p, a: np.savetxt(p, a, delimiter=","),
    }
    save[suffix](path, numbers)
    assert "  4 5  " in run(small, "C", "--input", str(path), "--at", "0,0").stdout


def test_input_may_be_a_picture_of_another_size(small, tmp_path):
    Image.fromarray(np.full((9, 7, 3), 200, np.uint8)).save(tmp_path / "p.png")
    assert "  200 200  ·" in run(small, "C", "--input", str(tmp_path / "p.png"), "--at", "0,0").stdout
    one = run(
        small, "C", "--input", str(tmp_path / "p.png"), "--rescale", "--weight", "255 0/0 0", "--at", "0,0"
    ).stdout
    assert "engine 200, equal" in one


def test_inputs_of_a_net_with_several_go_by_name(tmp_path):
    (tmp_path / "two.net").write_text("net T { input a: 2x2x1; input b: 2x2x1; add(a, b) | maxpool(2x2) }")
    said = run(str(tmp_path / "two.net"), "maxpool_1", "--input", "a=1 2/3 4", "--input", "b=5 0/0 0").stdout
    assert "max(6, 2, 3, 4) = 6" in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["out", "--input", X], "N740", "convolutions and pools do: C, P"),
        (["C", "--input", X, "--at", "3,0"], "N741", "positions run from 0,0 to 2,2"),
        (["C", "--input", X, "--at", "1"], "N741", "it has no position 1"),
        (["C", "--input", X, "--channel", "1"], "N741", "channels run from 0 to 0"),
        (["C", "--input", "1 2/3 4"], "N704", "the input `x` is 4x4x1, not 2x2x1"),
        (["C", "--input", "1 2/x 4"], "N620", "has `x` where a number is wanted"),
        (["C", "--input", "y=1"], "N705", "the net has no input `y`; it takes `x`"),
        (["C", "--input", X, "--weight", W, "--weight", W], "N704", "`C` has 1 filter, and 2 kernels given"),
        (["P", "--input", X, "--weight", W], "N701", "`P`, avgpool(2x2, ceil=true), has no weight"),
        (["C", "--input", "missing.npy"], "N601", "`missing.npy` cannot be read"),
        (["D", "--input", X], "N707", "has no node `D`"),
    ],
)
def test_mistakes_are_errors_with_a_way_out(small, arguments, code, said):
    result = run(small, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert code in result.stderr
    assert said in result.stderr


def test_a_scope_is_not_a_node(tmp_path):
    (tmp_path / "s.net").write_text("net T { input a: 4x4x1; s: maxpool(2x2) | maxpool(2x2) }")
    result = run(str(tmp_path / "s.net"), "s", "--input", X)
    assert (result.exit_code, "name one node of it, such as s.maxpool_1" in result.stderr) == (2, True)


def test_a_symbolic_size_has_to_be_set(tmp_path):
    (tmp_path / "t.net").write_text("net T(T=any) { input s: {T}x1; y: conv(1, 2, pad=causal, bias=false) }")
    arguments = [str(tmp_path / "t.net"), "y", "--input", "10 20 30", "--weight", "1 2"]
    assert "set each of them: -p T=64" in run(*arguments).stderr
    assert "  20 50 80\n" in run(*arguments, "-p", "T=3").stdout
