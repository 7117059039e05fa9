"""`netdsl why`: the numbers of a node, its kernel, and why no other."""

import json

import pytest
from click.testing import CliRunner, Result

from netdsl.cli import main

SMALL = """net S {
  input x: 16x16x16
  C: conv(16, 3x3, pad=same, bias=false) | batchnorm | relu
  D: conv(40, 5x5)
  flatten
  out: dense(2)
  head early(weight=0.3) from D { global_avgpool | dense(2) }
}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["why", *arguments])


def one(*arguments: str) -> dict:
    (found,) = json.loads(run(*arguments, "--format", "json").stdout)["nodes"]
    return found


def forward(found: dict) -> dict:
    return next(op for op in found["operations"] if op["phase"] == "forward")


def refusals(found: dict, kind: str = "conv(") -> dict[str, str]:
    operation = next(op for op in found["operations"] if f" = {kind}" in op["operation"])
    return {way["name"]: way["refused"] for way in operation["ways"]}


def test_numbers_come_with_their_derivations(small):
    found = one(small, "D")
    assert found["params"]["derivation"] == "16040 = 5·5·16·40 + 40"
    assert found["macs"]["derivation"] == "12·12·5·5·16·40 = 2304000"
    assert found["extents"]["height"] == "floor((16 + 0 - 5)/1) + 1 = 12"
    assert found["sizes"] == "16 -D 5x5-> 12"
    assert (found["shape"], found["rf"]) == ([12, 12, 40], [7, 7])


def test_a_field_comes_with_its_derivation():
    assert one("alexnet", "pool5")["field"] == ["163 + (3 - 1)·16 = 195, neighbours 32 apart"] * 2
    assert one("lenet5", "image")["field"] == []


def test_keras_count_of_a_first_convolution():
    said = run("keras_mnist", "conv1_1").stdout
    assert "  params     1040 = 5·5·1·40 + 40\n" in said
    assert "  values     28·28·40 = 31360 an image\n" in said


def test_moving_statistics_are_part_of_the_total():
    assert one("keras_mnist", "batch_normalization_1")["total"]["derivation"] == "256 = 128 + 64 + 64"


def test_a_direct_sum_says_why_others_were_refused(small):
    assert refusals(one(small, "D")) == {
        "a sum with the batch in the lanes": "a batch of 1 leaves some of 16 lanes empty",
        "Winograd's F(6x6, 3x3)": "not a 3x3 window of stride 1, dilation 1 and one group",
        "Winograd's F(4x4, 3x3)": "not a 3x3 window of stride 1, dilation 1 and one group",
        "Winograd's F(4x4, 5x5)": "12 pixels are fewer than 13",
        "a direct sum with all groups side by side": "it has one group",
        "a direct sum": "",
    }


def test_depthwise_runs_with_all_groups_side_by_side(tmp_path):
    (tmp_path / "groups.net").write_text(
        "net G { input x: 9x9x32; y: conv(32, 3x3, groups=32); z: conv(32, 3x3, groups=2) }"
    )
    found = [refusals(one(str(tmp_path / "groups.net"), name)) for name in "yz"]
    assert [ways["a direct sum with all groups side by side"] for ways in found] == [
        "",
        "16 channels a group are more than 8",
    ]


def test_lanes_are_refused_for_a_reason_and_taken_without_one(small, tmp_path):
    assert "no convolution has fewer than 16 channels" in refusals(one(small, "D", "--batch", "16")).values()
    (tmp_path / "few.net").write_text("net F { input x: 9x9x3; y: conv(5, 3x3); out: dense(2) }")
    found = one(str(tmp_path / "few.net"), "y", "--batch", "16", "--train")
    assert [refusals(found, kind)["a sum with the batch in the lanes"] for kind in ("conv(", "conv_dw(")] == ["", ""]


def test_winograd_is_not_refused_and_names_its_variant(small):
    found = one(small, "C.conv_1")
    assert forward(found)["kernels"] == ["conv_winograd"]
    assert refusals(found)["Winograd's F(4x4, 3x3)"] == ""
    (step,) = [step for step in found["steps"] if step["kernel"] == "conv_winograd"]
    assert step["refused"] == [["in stages", "its transformed weights, 36 KiB, stay in the cache from block to block"]]


def test_a_pool_is_told_among_what_was_fused_into_winograd(tmp_path):
    (tmp_path / "pooled.net").write_text("net P { input x: 16x16x16; A: conv(16, 3x3, act=relu); B: maxpool(2x2) }")
    found = one(str(tmp_path / "pooled.net"), "A")
    assert (forward(found)["kernels"], forward(found)["fused"]) == (["conv_winograd"], ["B"])
    assert refusals(found, "conv_pool(")["Winograd's F(4x4, 3x3)"] == ""
    assert one(str(tmp_path / "pooled.net"), "B")["part_of"] == [{"node": "A", "folded": False}]


def test_forcing_a_direct_sum_is_the_reason(small):
    found = one(small, "C.conv_1", "--algorithm", "direct")
    assert refusals(found)["Winograd's F(4x4, 3x3)"] == "`algorithm=direct` turns it off"


def test_forced_instruction_set_is_the_reason(small, monkeypatch):
    monkeypatch.setenv("NETDSL_ISA", "base")
    sets = {one["name"]: one["refused"] for one in one(small, "D")["instruction_sets"]}
    assert sets["base"] == ""
    assert sets["avx2"] in ("`base` is forced", "this processor has not got it")


def test_what_was_folded_and_what_was_fused_is_told_apart(small):
    product = forward(one(small, "C.conv_1"))
    assert (product["folded"], product["fused"]) == (["C.batchnorm_1"], ["C.relu_1"])
    assert product["weight"]["from"] == ["C.conv_1.weight", "C.batchnorm_1.var", "C.batchnorm_1.gamma"]
    assert "transformed to 36 points" in product["weight"]["layout"]


@pytest.mark.parametrize(("node", "folded"), [("C.batchnorm_1", True), ("C.relu_1", False)])
def test_a_node_knows_what_it_became_part_of(small, node, folded):
    assert one(small, node)["part_of"] == [{"node": "C.conv_1", "folded": folded}]


def test_training_tells_of_both_gradients_and_the_update(small):
    operations = one(small, "D", "--train")["operations"]
    kinds = [op["operation"].partition(" = ")[2].partition("(")[0] for op in operations if op["phase"] == "backward"]
    assert {"conv_dw", "conv_dx"} <= set(kinds)
    assert "update" in [op["phase"] for op in operations]


def test_a_scope_stands_for_its_nodes(small):
    assert [line for line in run(small, "C").stdout.splitlines() if line.startswith("C.") and " = " in line] == [
        f"C.conv_1 = conv(16, 3x3, pad=same, bias=false)   {small}:3:6",
        f"C.batchnorm_1 = batchnorm   {small}:3:44",
        f"C.relu_1 = relu   {small}:3:56",
    ]


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ("x", "bound      to the array of each run"),
        ("early.dense_1", "no output of this program needs it"),
        ("flatten_1", "kernel     none: the result lies in its place already"),
        ("C.relu_1", "fused      into C.conv_1, and computed there"),
    ],
)
def test_nodes_without_a_step_say_so(small, node, said):
    assert said in run(small, node).stdout


@pytest.mark.parametrize(("given", "meant"), [("conv_1", "C.conv_1"), ("c.conv_1", "C.conv_1"), ("d", "D")])
def test_unknown_node_is_an_error_with_the_nearest(small, given, meant):
    result = run(small, given)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"did you mean `{meant}`?" in result.stderr


@pytest.mark.parametrize("net", ["resnet18", "googlenet", "unet"])
@pytest.mark.parametrize("training", [[], ["--train"]])
def test_every_node_of_a_net_can_be_asked_for(net, training):
    if net == "unet" and training:
        pytest.skip("its output is a map, which cross-entropy on classes does not take")
    from netdsl.language.load import load
    from netdsl.report.why import compiled, fate, numbers
    from netdsl.report.why_text import lines
    from netdsl.training.bare import training_arguments

    small = load(net, **({"padded": True, "size": 32} if net == "unet" else {}))
    how = training_arguments(small) if training else {}
    at = compiled(small, batch=1, threads=1, algorithm="auto", how=how)
    texts = {path: "\n".join(lines({**numbers(small, path), **fate(at, path)})) for path in small.nodes}
    told = ("\n  step ", "\n  fused ", "\n  folded ", "\n  none ", "\n  bound ", "\n  kernel ")
    assert all(any(word in text for word in told) for text in texts.values())
