"""Taking layers off the end of a net, and putting others there."""

import pytest

from netdsl.errors import NetError
from netdsl.graph.cut import joined, popped
from netdsl.language.load import load, parse


def refused(net, count):
    with pytest.raises(NetError) as caught:
        popped(net, count)
    assert caught.value.code == "N521"
    return str(caught.value)


def test_keras_popped_twice():
    net = popped(load("keras_mnist"), 2)
    assert net.total == 86_640
    assert net.outputs == {"batch_normalization_1": "batch_normalization_1"}
    assert net.nodes["batch_normalization_1"].shape == (64,)
    assert "dropout_3" not in net.nodes


def test_a_head_that_reads_what_goes_goes_too():
    layers = "a: dense(4)\n  b: dense(4)\n  head aux(weight=0.5) { dense(2) }\n  last: dense(2)"
    text = f"net A {{\n  input x: 8\n  {layers}\n}}\n"
    assert [head.name for head in popped(parse(text), 1).heads] == ["aux"]
    assert not popped(parse(text), 2).heads
    assert set(popped(parse(text), 2).nodes) == {"x", "a"}


def test_a_net_is_not_popped_beyond_its_first_layer():
    assert "has only 2 layers" in refused(parse("net A {\n  input x: 8\n  relu | relu\n}\n"), 2)


def test_a_merge_has_no_one_value_before_it():
    text = "net A {\n  input x: 8\n  a: dense(8)\n  s: add(a, x)\n  relu\n}\n"
    assert "`s` joins 2 values" in refused(parse(text), 2)


def test_several_outputs_are_not_cut():
    assert "2 outputs" in refused(parse("net A {\n  input x: 8\n  a: relu\n  b: tanh\n  output a, b\n}\n"), 1)


def test_a_tail_reads_the_output():
    net = joined(load("keras_mnist"), parse("net T {\n  input t: 10\n  more: dense(3) | relu\n}\n"))
    assert net.nodes["more.dense_1"].inputs == ("dense_2",)
    assert list(net.outputs.values()) == ["more.relu_1"]
    assert net.params == load("keras_mnist").params + 33
    assert [s.path for s in net.scopes][-1] == "more"
