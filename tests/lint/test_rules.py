"""One net for each rule that breaks it, and one beside it that does not."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from netdsl import codes
from netdsl.errors import NetError
from netdsl.language.check import Request, request, shipped_names
from netdsl.language.library import Library
from netdsl.lint.lint import lint

ROOT = Path(__file__).parents[2]


def found(text: str, weights: Path | None = None) -> list[str]:
    """The codes of the findings in a text."""
    return [d.code for d in lint(Request(Library(None, {"a.net": text}), "a.net", "a.net", None, {}), weights)]


def in_net(body: str, size: str = "12x12x3", train: str = "") -> str:
    return f"net A {{\n  input x: {size}\n  {body}\n}}\n" + (f"train A {{ {train} }}\n" if train else "")


VECTOR, SEQUENCE = "8", "9x1"
NETS = [
    ("W301", in_net("let k = 3; relu"), in_net("let k = 3; conv(k, 3)")),
    ("W301", "net A(n=3) { input x: 4; dense(2) }", "net A(n=3) { input x: 4; dense(n) }"),
    ("W301", in_net("for i, n in [2, 3] { dense(n, act=relu) }"), in_net("for i, n in [2, 3] { a[i]: conv(n, 3) }")),
    ("W301", "let k = 3\n" + in_net("relu"), "let k = 3\n" + in_net("conv(k, 3)")),
    ("W302", "block b { relu }\n" + in_net("tanh"), "block b { relu }\n" + in_net("b")),
    ("W302", 'import "blocks/resnet.net"\n' + in_net("relu"), 'import "blocks/resnet.net"\n' + in_net("stem")),
    (
        "W302",
        'import "blocks/resnet.net" as r\n' + in_net("relu"),
        'import "blocks/resnet.net" as r\n' + in_net("r.stem"),
    ),
    ("W303", in_net("conv(3, 3); default conv(pad=same); relu"), in_net("default conv(pad=same); conv(3, 3)")),
    ("W304", in_net("if not false { relu }"), in_net("if _.c > 2 { relu }")),
    ("W304", in_net("relu\n(tanh if 1 < 2 else relu)"), in_net("(tanh if _.h == 1 else relu)")),
    ("W304", in_net("relu\nconv(3, 3) * 0"), in_net("conv(3, 3) * 2")),
    ("W311", in_net("conv(4, 3) | batchnorm"), in_net("conv(4, 3, bias=false) | batchnorm")),
    ("W311", in_net("dense(4) | batchnorm"), in_net("dense(4, act=relu) | batchnorm")),
    ("W311", in_net("k: conv(4, 3)\nbatchnorm"), in_net("k: conv(4, 3)\nbatchnorm\nadd(k, _)")),
    ("W311", in_net("conv(4, 3) | batchnorm"), in_net("conv(4, 3) | batchnorm(center=false)")),
    ("W312", in_net("dense(4) | dropout(0.5)"), in_net("dropout(0.5) | dense(4)")),
    ("W313", in_net("dropout(0) | relu"), in_net("dropout(0.1) | relu")),
    ("W313", in_net("maxpool(1x1)"), in_net("maxpool(1x1, stride=2)")),
    ("W314", in_net("maxpool(2x2, stride=3)"), in_net("maxpool(2x2, stride=2)")),
    ("W314", in_net("conv(4, 2, stride=4)"), in_net("conv(4, 2, stride=3, dilation=2)")),
    ("W314", in_net("conv(4, 2, stride=4)"), in_net("conv(4, 1, stride=2)")),
    ("W315", in_net("batchnorm | dense(10)", VECTOR, "batch 1"), in_net("batchnorm | dense(10)", VECTOR, "batch 2")),
    ("W316", in_net("dense(4) | dense(2)"), in_net("dense(4, act=relu) | dense(2)")),
    ("W316", in_net("dense(4) | dropout(0.5) | dense(2)"), in_net("dense(4) | relu | dense(2)")),
    ("W317", in_net("conv(4, 3, act=relu) | relu"), in_net("conv(4, 3, act=relu) | conv(4, 3, act=relu)")),
    ("W317", in_net("dense(4, act=softmax) | softmax"), in_net("dense(4) | softmax")),
    ("W318", in_net("dense(1, act=softmax)"), in_net("dense(1, act=sigmoid)")),
    (
        "W321",
        in_net("dense(4, act=softmax) | reshape(2x2) | flatten", train="loss cross_entropy"),
        in_net("dense(4) | reshape(2x2) | flatten", train="loss cross_entropy"),
    ),
    (
        "W322",
        in_net("dense(4, act=relu)", train="loss binary_cross_entropy"),
        in_net("dense(4, act=sigmoid)", train="loss binary_cross_entropy"),
    ),
]


@pytest.mark.parametrize(("code", "wrong", "right"), NETS, ids=[f"{n}_{net[0]}" for n, net in enumerate(NETS)])
def test_rule_finds_the_one_and_not_the_other(code, wrong, right):
    assert set(found(wrong)) == {code}
    assert found(right) == []


@pytest.fixture
def foreign(tmp_path):
    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "w.safetensors", {"format": "pt"})
    return tmp_path / "w.safetensors"


def test_same_with_stride_2_is_found_beside_foreign_weights_alone(foreign):
    text = in_net("conv(4, 3, stride=2, pad=same)")
    assert (found(text), found(text, foreign)) == ([], ["W323"])


def test_padding_that_comes_out_even_is_fine(foreign):
    assert found(in_net("conv(4, 3, stride=2, pad=same)", "13x13x3"), foreign) == []
    assert found(in_net("conv(4, 3, stride=2, pad=1)"), foreign) == []


def test_weights_of_netdsl_were_trained_with_its_padding(tmp_path):
    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "w.safetensors", {"netdsl": "…"})
    assert found(in_net("conv(4, 3, stride=2, pad=same)"), tmp_path / "w.safetensors") == []


def test_weights_that_are_no_safetensors_are_an_error(tmp_path):
    (tmp_path / "w").write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(NetError, match="N501"):
        found(in_net("relu"), tmp_path / "w")


@pytest.mark.parametrize("comment", ["# lint: allow W311", "# why not; lint: allow W304, W311 as published"])
def test_comment_allows_a_finding_on_its_line_and_below(comment):
    assert found(in_net(f"conv(4, 3) | batchnorm  {comment}")) == []
    assert found(in_net(f"{comment}\n  conv(4, 3) | batchnorm")) == []
    assert found(in_net(f"{comment}\n  relu\n  conv(4, 3) | batchnorm")) == ["W311"]
    assert found(in_net("conv(4, 3) | batchnorm  # lint: allow W312")) == ["W311"]


def test_block_that_is_called_often_is_found_once():
    assert found("block b { conv(4, 3) | batchnorm }\n" + in_net("b | b | b")) == ["W311"]


def test_blocks_of_a_file_to_import_count_as_used():
    assert found("block b { relu }") == []


def test_warnings_of_the_checker_are_findings_and_errors_come_alone():
    assert found(in_net("relu\nfrom x | tanh")) == ["W201"]
    assert found(in_net("conv(4, 99) | batchnorm | dropout(0)")) == ["N301"]


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_net_is_clean(name):
    assert lint(request(name, {})) == []


@pytest.mark.parametrize("path", sorted((ROOT / "architectures" / "blocks").glob("*.net")), ids=lambda path: path.stem)
def test_shipped_blocks_are_clean(path):
    assert lint(request(path, {})) == []


def test_each_rule_has_a_net_here():
    assert {code for code in codes.pages() if code.startswith("W3")} == {net[0] for net in NETS} | {"W323"}
