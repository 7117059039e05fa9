"""Nets with symbols, `T=any`: every formula in T, what layers demand of it, and the same net with T set."""

import pytest

from netdsl.errors import NetError
from netdsl.language.load import load, parse
from netdsl.symbolic.size import at
from netdsl.symbolic.symbol import demands_of

MANY = """
net Many(T=any) {
  input image: {T}x{2*T}x3
  conv(4, 3x3, stride=2, pad=same) | batchnorm | relu
  maxpool(3x3, stride=2, pad=1)
  avgpool(2x2, stride=1, ceil=true)
  conv(4, 3x3, pad=2, dilation=2)
  pad((1, 0, 2, 1)) | crop(1)
  up: conv_transpose(4, 4, stride=2, pad=1)
  concat {
    - conv(2, 1x1)
    - maxpool(3x3, stride=1, pad=same)
  }
  add(fit=crop) {
    - conv(6, 3x3)
    - id
  }
  global_avgpool | dense(3)
}
"""
UP = """
net Up(T=any) {
  input image: {T}x{T}x3
  a: conv(4, 3x3, pad=same)
  maxpool(2x2) | maxpool(2x2) | conv(4, 3x3)
  conv_transpose(4, 12x12, stride=4)
  add(a, _)
}
"""


def net(body, **given):
    return parse(f"net A(T=any) {{\n input s: {{T}}x3\n{body}\n}}", **given)


def refused(body, **given):
    with pytest.raises(NetError) as error:
        net(body, **given)
    return error.value.diagnostics[0]


@pytest.mark.parametrize("more", [0, 1, 2, 3, 4, 100])
def test_shapes_with_a_symbol_are_those_of_the_net_with_its_size(more):
    whole = parse(MANY)
    size = whole.symbols[0].smallest + more
    one = parse(MANY, T=size)
    set_ = whole.at(T=size)
    for node in one:
        assert at(whole.nodes[node.path].shape, {"T": size}) == set_.nodes[node.path].shape == node.shape
        assert set_.nodes[node.path].layer == node.layer
    assert at(whole.macs, {"T": size}) == one.macs == set_.macs and whole.params == one.params


def test_a_merge_demands_what_makes_shapes_meet():
    (symbol,) = parse(UP).symbols
    assert demands_of(symbol) == ("T ≥ 12 for `conv_2`, line 5", "T divisible by 4 for `add_1`, line 7")
    assert symbol.constraints() == ("T divisible by 4", "T ≥ 12")


@pytest.mark.parametrize("size", range(1, 40))
def test_the_demands_are_met_by_the_sizes_that_check_and_no_others(size):
    (symbol,) = parse(UP).symbols
    try:
        parse(UP, T=size)
    except NetError:
        assert not symbol.allows(size)
    else:
        assert symbol.allows(size)


def test_a_size_that_is_not_taken_is_refused_with_the_layer():
    with pytest.raises(NetError) as error:
        parse(UP).at(T=18)
    assert error.value.code == "N716" and "`add_1` needs T divisible by 4" in error.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("sizes", "code"), [({}, "N219"), ({"T": 12, "S": 1}, "N219"), ({"T": 0}, "N716"), ({"T": 4.5}, "N716")]
)
def test_sizes_are_integers_for_each_symbol(sizes, code):
    with pytest.raises(NetError) as error:
        parse(UP).at(**sizes)
    assert error.value.code == code


def test_declared_shapes_and_asserts_may_speak_of_the_symbol():
    made = net("a: conv(4, 3) -> {T - 2}x4\nassert a.shape == {T-2}x4 and a.macs == 36*(T - 2)")
    assert made.warnings == ()


def test_conditions_may_ask_what_is_the_same_for_every_size():
    assert net("conv(4, 3)\nif _.c == 4 { relu }").nodes.keys() >= {"relu_1"}
    assert refused("conv(4, 3)\nif _.w > 7 { relu }").code == "N313"


def test_a_size_that_is_set_is_a_number_in_conditions():
    assert "relu_1" in net("conv(4, 3)\nif _.w > 7 { relu }", T=12).nodes


@pytest.mark.parametrize("body", ["flatten | dense(3)", "conv(T, 3)", "dense(T)"])
def test_weights_do_not_depend_on_a_symbol(body):
    assert refused(body).code == "N314"


def test_layers_may_take_sizes_with_a_symbol():
    made = net("reshape({T}x1x3) | reshape({3*T}) | reshape({T}x3) | maxpool(T, stride=1)")
    assert made.at(T=9).nodes["maxpool_1"].shape == (1, 3) and made.at(T=9).nodes["reshape_2"].layer.shape == 27


def test_two_symbols_do_not_mix():
    made = parse("net A(H=any, W=any) {\n input x: {H}x{W}x3\n conv(4, 3x3) | maxpool(2x2)\n global_avgpool\n}")
    assert [s.smallest for s in made.symbols] == [4, 4]
    assert made.at(H=9, W=6).nodes["maxpool_1"].shape == (3, 2, 4)


def test_the_field_of_a_global_pool_is_the_whole_of_any_input():
    assert str(net("conv(4, 3) | global_avgpool").fields["global_avgpool_1"]) == "(T,)"


def test_dilated_causal_convolutions_take_any_length():
    made = load("dilated_causal")
    assert made.symbols[0].constraints() == () and made.at(T=1).nodes["out"].shape == (1, 1)
