"""Parameters from outside: `-p`, Python's values, and the asserts they skip."""

from pathlib import Path

import pytest

from netdsl.errors import NetError
from netdsl.language.load import load, parse
from netdsl.language.parameters import parse_parameters

TEXT = """
net A(classes=10, depths=[1, 2], act=relu, p=0.5) {
  input x: 8
  dense(classes, act=act) | dropout(p) -> 10
  assert params == 90
  %s
}
"""


def code(text, **params):
    with pytest.raises(NetError) as error:
        parse(text, **params)
    return error.value.code


def test_a_false_assert_is_skipped_under_other_parameters():
    made = parse(TEXT % "", classes=4)
    assert made.nodes["dense_1"].shape == (4,)
    assert [s.partition(": ")[2] for s in made.skipped] == ["-> 10", "assert params == 90"]


def test_always_is_not_skipped():
    assert code(TEXT % "assert always params == 90", classes=4) == "N402"


def test_an_assert_that_names_the_parameter_is_not_skipped():
    assert code(TEXT % "assert params == 9 * classes + 1", classes=4) == "N402"


def test_a_true_assert_is_not_reported_as_skipped():
    assert len(parse(TEXT % "assert params == 9 * classes", classes=4).skipped) == 2


def test_parameters_of_the_net_are_those_that_were_set():
    assert parse(TEXT % "", p=0.1).parameters == {"p": 0.1}


def test_an_integer_serves_for_a_decimal_number():
    assert parse(TEXT % "", p=0).nodes["dropout_1"].layer.p == 0.0


def test_text_serves_for_a_word():
    assert parse(TEXT % "", act="tanh").nodes["dense_1"].layer.act == "tanh"


def test_a_tuple_serves_for_a_list():
    text = TEXT % "for d in depths { relu }"
    assert list(parse(text, depths=(3, 1, 1)).nodes) == list(parse(text, depths=[3, 1, 1]).nodes)


@pytest.mark.parametrize(
    "params", [{"classes": True}, {"classes": 4.5}, {"classes": "4"}, {"depths": 3}, {"p": "x"}, {"classes": None}]
)
def test_another_kind_is_refused(params):
    assert code(TEXT % "", **params) == "N220"


@pytest.mark.parametrize("path", [None, 3, b"lenet5", ["lenet5"]])
def test_what_is_no_path_is_not_loaded(path):
    with pytest.raises(NetError, match=type(path).__name__) as error:
        load(path)
    assert error.value.code == "N001"


@pytest.mark.parametrize("text", [3, None, b"net A {}", Path("a.net")])
def test_what_is_no_text_is_not_parsed(text):
    assert code(text) == "N001"


def test_an_unknown_parameter_is_refused():
    assert code(TEXT % "", clases=3) == "N219"


def test_one_without_a_default_must_be_set():
    assert code("net A(n) { input x: 4; dense(n) }") == "N221"
    assert parse("net A(n) { input x: 4; dense(n) }", n=3).nodes["dense_1"].shape == (3,)


def test_any_is_every_size_until_it_is_set():
    assert str(parse("net A(T=any) { input x: {T}x3; conv(2, 1) }").nodes["conv_1"].shape) == "(T, 2)"
    assert parse("net A(T=any) { input x: {T}x3; conv(2, 1) }", T=7).nodes["conv_1"].shape == (7, 2)


def test_the_command_line_speaks_the_language():
    found = parse_parameters(["depths=[3, 4, 23, 3]", "act=tanh", "p=1e-1"])
    assert {name: o.value for name, o in found.items()} == {"depths": [3, 4, 23, 3], "act": "tanh", "p": 0.1}


@pytest.mark.parametrize("text", ["classes", "=3", "a b=3", "classes=", "classes=[", "classes=1 2"])
def test_what_is_no_parameter_is_refused(text):
    with pytest.raises(NetError):
        parse_parameters([text])


def test_an_array_is_a_list():
    import numpy as np

    made = parse("net N(w=[1, 2]) {\ninput x: 3\ndense(w[2])\n}", w=np.array([4, 5, 6]))
    assert made.nodes["dense_1"].shape == (6,)


def test_a_missing_value_is_pointed_at():
    with pytest.raises(NetError) as error:
        parse_parameters(["classes="])
    assert "--> -p classes:1:1" in str(error.value)
