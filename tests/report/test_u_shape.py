"""A U-Net is drawn as a U."""

from itertools import pairwise

import pytest

from netdsl.language.load import load, parse
from netdsl.report.draw import draw_sheet
from netdsl.report.figure import figure
from netdsl.report.layout import lay_out_u
from netdsl.report.sheet import Words

SMALL = """net U {
  input x: 16x16x1
  a: conv(2, 3x3, pad=same); maxpool(2x2)
  b: conv(4, 3x3, pad=same); maxpool(2x2)
  turn: conv(8, 3x3, pad=same); conv_transpose(4, 2x2, stride=2)
  concat(b, _); d: conv(4, 3x3, pad=same) | conv_transpose(2, 2x2, stride=2)
  concat(a, _); e: conv(1, 1x1)
}
"""


def drawn(net):
    plan = figure(net)
    return lay_out_u(plan.root, plan.links)


def middle(rect):
    return rect.x + rect.width / 2, rect.y + rect.height / 2


@pytest.mark.parametrize("net", [load("unet"), parse(SMALL)], ids=["unet", "small"])
def test_skips_run_level_from_the_way_down_to_the_way_up(net):
    picture = drawn(net)
    skips = [node for node in net if node.layer.keyword == "concat"]
    assert len(skips) >= 2
    for node in skips:
        (x0, y0), (x1, y1) = middle(picture.boxes[node.inputs[0]]), middle(picture.boxes[node.path])
        assert y0 == y1
        assert x0 < x1


def test_the_way_down_runs_down_and_the_way_up_runs_up():
    picture = drawn(parse(SMALL))
    down = [picture.boxes[key].y for key in ("x", "a", "maxpool_1", "b", "maxpool_2")]
    up = [picture.boxes[key].y for key in ("conv_transpose_1", "concat_1", "d.conv_1", "concat_2", "e")]
    assert all(a < b for a, b in pairwise(down))
    assert all(a > b for a, b in pairwise(up))


def test_boxes_do_not_overlap_and_lie_on_the_page():
    picture = drawn(load("unet"))
    rects = list(picture.boxes.values())
    assert all(r.x >= 0 and r.right <= picture.width and r.y >= 0 and r.bottom <= picture.height for r in rects)
    for i, a in enumerate(rects):
        for b in rects[i + 1 :]:
            assert a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y


def test_every_link_has_a_wire():
    net = parse(SMALL)
    plan, picture = figure(net), drawn(net)
    assert sum(len(wire.lines) for wire in picture.wires) == len(plan.links)


def test_a_shape_on_the_way_up_stands_above_its_box():
    sheet, picture = draw_sheet(parse(SMALL)), drawn(parse(SMALL))
    (label,) = [s for s in sheet.shapes if isinstance(s, Words) and s.parts[0][0] == "8x8x8"]
    assert label.y < picture.boxes["concat_1"].y


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "googlenet"])
def test_other_nets_are_no_u(name):
    assert drawn(load(name)) is None
