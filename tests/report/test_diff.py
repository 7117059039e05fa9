"""The table and the drawing of a difference."""

import netdsl
from netdsl.graph.diff import compare
from netdsl.report.diff import as_json, rows, totals
from netdsl.report.diff_figure import draw_difference

RESNETS = compare(netdsl.load("resnet50"), netdsl.load("resnet101"))


def test_equal_and_alike_neighbours_share_rows():
    found = [(row.mark, row.depth, row.name, row.what) for row in rows(RESNETS.pairs)]
    assert found == [
        ("=", 0, "image … stage[1]", "4 parts"),
        ("~", 0, "stage[2]", ""),
        ("=", 1, "bottleneck_1 … bottleneck_6", "6 parts"),
        ("+", 1, "bottleneck_7 … bottleneck_23", "17 x bottleneck"),
        ("=", 0, "stage[3] … out", "3 parts"),
    ]


def test_numbers_of_the_rows_add_up():
    added = next(row for row in rows(RESNETS.pairs) if row.mark == "+")
    assert added.params == f"+{44_549_160 - 25_557_032:,}"
    assert totals(RESNETS)[0] == ["params", "25,557,032", "44,549,160", "+18,992,128", "x1.743"]


def test_argument_that_no_word_tells_is_named():
    found = compare(
        netdsl.parse("net A { input x: 4; dense(2) }"), netdsl.parse("net A { input x: 4; dense(2, init=he_normal) }")
    )
    assert [row.what for row in rows(found.pairs)][1] == "dense 2, init glorot_uniform → he_normal"


def test_json_leaves_out_what_is_equal_within():
    found = as_json(RESNETS)
    assert [part["equal"] for part in found["parts"]] == [True, True, True, True, False, True, True, True]
    assert [len(part["parts"]) for part in found["parts"]] == [0, 0, 0, 0, 23, 0, 0, 0]


def test_drawing_colours_what_was_added_and_is_the_same_each_time():
    drawn = draw_difference(RESNETS)
    assert drawn == draw_difference(RESNETS)
    assert drawn.count('fill="#dcefdc"') == 1
    assert "bottleneck_7 … bottleneck_23" in drawn


def test_every_pair_of_shipped_nets_can_be_drawn():
    nets = [netdsl.load(name) for name in ("lenet5", "unet", "googlenet", "vgg16", "densenet121", "alexnet")]
    for one in nets:
        for other in nets:
            assert draw_difference(compare(one, other)).endswith("</svg>\n")
