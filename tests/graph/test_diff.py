"""What is aligned with what, and what counts as equal."""

import netdsl
from netdsl.graph.diff import Difference, Pair, compare


def difference(one: str, other: str) -> Difference:
    """Of two bodies of a net."""
    nets = [netdsl.parse(f"net A {{\ninput x: 12x12x3\n{body}\n}}") for body in (one, other)]
    return compare(*nets)


def signs(pairs: tuple[Pair, ...]) -> str:
    return "".join("=" if p.equal else "+" if p.one is None else "-" if p.other is None else "~" for p in pairs)


def test_a_net_equals_itself_and_one_with_other_names():
    assert difference("conv(4, 3) | relu", "conv(4, 3) | relu").equal
    assert difference("a: conv(4, 3)\nrelu", "b: conv(4, 3)\nrelu").equal


def test_layer_put_in_is_added_and_what_follows_stays_equal():
    assert signs(difference("conv(4, 3) | tanh", "conv(4, 3) | relu | tanh").pairs) == "==+="


def test_layer_taken_out_is_removed_though_numbers_move():
    assert signs(difference("conv(8, 1) | conv(4, 1) | conv(2, 1)", "conv(8, 1) | conv(2, 1)").pairs) == "==-~"
    assert signs(difference("relu | tanh | relu", "relu | relu").pairs) == "==-="


def test_label_pairs_layers_of_different_kinds():
    found = difference("down: conv(3, 2, stride=2)\nrelu", "down: maxpool(2)\nrelu")
    assert signs(found.pairs) == "=~="


def test_change_of_an_argument_is_a_change():
    assert signs(difference("conv(4, 3) | relu", "conv(4, 3, init=he_normal) | relu").pairs) == "=~="


def test_change_of_a_wire_is_a_change():
    one = "a: relu\nb: tanh\nk: conv(3, 1)\nadd(a, k)"
    assert signs(difference(one, one.replace("add(a", "add(b")).pairs) == "====~"


def test_scopes_are_compared_within():
    found = compare(netdsl.load("resnet50"), netdsl.load("resnet101"))
    assert [pair.part.name for pair in found.pairs if not pair.equal] == ["stage[2]"]
    (stage,) = (pair for pair in found.pairs if not pair.equal)
    assert signs(stage.inner) == "=" * 6 + "+" * 17


def test_blocks_of_two_kinds_are_paired_where_nothing_fits_better():
    found = compare(netdsl.load("resnet50"), netdsl.load("se_resnet50"))
    stages = [pair for pair in found.pairs if not pair.equal]
    assert [signs(stage.inner) for stage in stages] == ["~" * 3, "~" * 4, "~" * 6, "~" * 3]


def test_thousands_of_layers_are_aligned_by_name():
    found = difference("relu | conv(3, 1)" + " | tanh" * 999, "tanh" + " | tanh" * 1500)
    assert signs(found.pairs).count("=") == 1000
