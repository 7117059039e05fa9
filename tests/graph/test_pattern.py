"""Patterns stand for nodes, scopes and families; one that stands for nothing is an error."""

import pytest

from netdsl.errors import NetError
from netdsl.graph.pattern import Pattern
from netdsl.language.load import parse

NET = parse("""net A {
  input x: 8
  C1: dense(4)
  conv5: dense(4)
  for i in 3 { stage[i]: dense(4) | dense(4) }
  Out: dense(2)
}
""")


@pytest.mark.parametrize(
    ("pattern", "nodes"),
    [
        ("C1", ["C1"]),
        ("c*", ["conv5"]),
        ("stage[1]", ["stage[1].dense_1", "stage[1].dense_2"]),
        ("stage[0-1].*_2", ["stage[0].dense_2", "stage[1].dense_2"]),
        ("stage[*].dense_1", ["stage[0].dense_1", "stage[1].dense_1", "stage[2].dense_1"]),
        ("**_2", ["stage[0].dense_2", "stage[1].dense_2", "stage[2].dense_2"]),
        ("stage", [f"stage[{i}].dense_{k}" for i in range(3) for k in (1, 2)]),
        ("**", list(NET.nodes)),
    ],
)
def test_pattern_stands_for_nodes(pattern, nodes):
    assert Pattern(pattern).nodes(NET) == nodes


@pytest.mark.parametrize(("pattern", "near"), [("C2", "`C1`"), ("stage[7]", "`stage["), ("Out.weight", "`Out`")])
def test_nothing_found_names_the_nearest(pattern, near):
    with pytest.raises(NetError) as caught:
        Pattern(pattern).nodes(NET)
    assert caught.value.code == "N520"
    assert f"did you mean {near}" in str(caught.value)


@pytest.mark.parametrize("text", ["", " ", "*" + "a*" * 9, "a[9-3]", "a[0-99999]"])
def test_pattern_that_cannot_be_followed_is_refused(text):
    with pytest.raises(NetError) as caught:
        Pattern(text)
    assert caught.value.code == "N520"


def test_what_wildcards_stood_for_fills_another_pattern():
    parts = Pattern("layer[0-9].*.**").found("layer[3].conv.a.weight")
    assert parts == ("3", "conv", "a.weight")
    assert Pattern("stage[0-9].*_1.**").filled(parts) == "stage[3].conv_1.a.weight"


def test_an_index_outside_the_range_does_not_match():
    assert Pattern("**[0-2]**").found("a[1].b[5]") == ("a", "1", ".b[5]")
    assert Pattern("a[0-2]").found("a[3]") is None
