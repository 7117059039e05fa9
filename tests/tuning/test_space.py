"""What is searched: limits are checked before anything is trained."""

import pytest

from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.block.override import parse_override
from netdsl.tuning.space import space_of

NET = "net A(width=6) {\n  input x: 4\n  dense(width) | dense(2)\n}\n"


def test_a_tune_block_names_settings_and_parameters():
    net = parse(NET + "tune A { optimizer.lr: log(1e-4, 1e-1); width: choice(6, 12); steps: integer(1, 9) }\n")
    space = space_of(net.searches)
    assert [(d.name, d.kind, d.values, d.is_setting) for d in space] == [
        ("optimizer.lr", "log", (1e-4, 1e-1), True),
        ("width", "choice", (6, 12), False),
        ("steps", "integer", (1, 9), True),
    ]


def test_without_any_the_step_size_and_the_batch_are_searched():
    assert [d.name for d in space_of(parse(NET).searches)] == ["optimizer.lr", "batch"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("batch=3", "is searched by `log(…)`"),
        ("batch=choice(3)", "two or more different"),
        ("batch=choice(3, 3)", "two or more different"),
        ("optimizer.lr=log(0, 1)", "two numbers above 0"),
        ("optimizer.lr=uniform(1)", "two numbers"),
        ("steps=integer(1, 2.5)", "two integers"),
        ("steps=integer(4, 2)", "goes from 4 to 2"),
    ],
)
def test_limits_that_make_no_sense_are_refused(line, words):
    with pytest.raises(NetError, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
        space_of(parse_override(line))
    assert caught.value.code == "N540"


def test_arguments_of_the_block_are_refused():
    with pytest.raises(NetError, match="takes no arguments"):
        parse(NET + "tune A(trials=3) { width: choice(6, 12) }\n")
