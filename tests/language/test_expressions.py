"""Expressions: Python's precedence in checked 64-bit integers."""

import pytest

from netdsl.errors import NetError
from netdsl.language.parameters import parse_value
from netdsl.layers.values import Applied, Size, Word


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 / 2", 3.5),
        ("6 / 2", 3.0),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("10 - 3 - 2", 5),
        ("61_706", 61706),
        ("1e-4", 1e-4),
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ("not 1 == 2", True),
        ("not not true", True),
        ("true or false and false", True),
        ("1 if false else 2 if false else 3", 3),
        ("min(3, 1, 2) + max([4, 5])", 6),
        ("round(2.5) + floor(2.7) + ceil(2.1) + abs(-1)", 8),
        ("sum([1, 2, 3]) + len([4, 5])", 8),
        ("[1] * 2 + [3]", [1, 1, 3]),
        ("(1, 2)", (1, 2)),
        ("(1,)", (1,)),
        ("[1, 2,]", [1, 2]),
        ("3x4", Size((3, 4))),
        ("{1 + 2}x4", Size((3, 4))),
        ("2x{3}x4x{5}", Size((2, 3, 4, 5))),
        ("{7}", 7),
        ("same", Word("same")),
        ('"a # b"', "a # b"),
        ("normal(0.01)", Applied("normal", (0.01,))),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_value(text, value):
    found = parse_value(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9223372036854775807 + 1", "N306"),
        ("9223372036854775808", "N306"),
        ("2 ** 64", "N306"),
        ("10 ** 10 ** 10", "N306"),
        ("1e999", "N306"),
        ("1 / 0", "N322"),
        ("1 % 0", "N322"),
        ("0 ** -1", "N322"),
        ("1e308 * 10", "N321"),
        ("(-8) ** 0.5", "N321"),
        ("true + 1", "N320"),
        ('"3" + 1', "N320"),
        ("1 and true", "N320"),
        ("[0] * 10 ** 9", "N321"),
        ("1 +", "N101"),
        ("1_", "N115"),
        (".5", "N111"),
        ("3 x 3", "N110"),
        ("__class__.x", "N201"),
        ("_", "N224"),
    ],
)
def test_refused(text, code):
    with pytest.raises(NetError) as error:
        parse_value(text)
    assert error.value.code == code


def test_a_call_by_name_is_only_a_value():
    assert parse_value("__import__(os)") == Applied("__import__", (Word("os"),))


@pytest.mark.parametrize(
    ("text", "code"), [("sgd(lr=1, lr=2)", "N205"), ("sgd(lr=1, 2)", "N232"), ("max(a=1, 2)", "N232")]
)
def test_arguments_of_a_word_follow_python(text, code):
    with pytest.raises(NetError) as error:
        parse_value(text)
    assert error.value.code == code
