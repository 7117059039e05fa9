"""Tall drawings in columns."""

import itertools

import pytest

from netdsl.language.load import load, parse
from netdsl.report.figure import figure
from netdsl.report.layout import fold, lay_out

TALL = "net T {{ input x: 64x64x1; {} }}"


def laid_out(net, *, depth=None):
    plan = figure(net, depth=depth)
    return lay_out(plan.root, plan.links)


@pytest.fixture(params=["chain", "resnet50", "googlenet"])
def pair(request):
    net = parse(TALL.format("conv(1, 3x3, pad=1) * 60")) if request.param == "chain" else load(request.param)
    picture = laid_out(net)
    return picture, fold(picture)


def test_a_small_picture_stays_as_it_is():
    picture = laid_out(load("lenet5"))
    assert fold(picture) is picture


def test_a_folded_picture_is_lower_and_wider(pair):
    before, after = pair
    assert after.height < before.height / 1.5
    assert after.width > before.width


def test_every_box_keeps_its_size_and_lies_on_the_page(pair):
    before, after = pair
    assert list(before.boxes) == list(after.boxes)
    for key, rect in after.boxes.items():
        assert (rect.width, rect.height) == (before.boxes[key].width, before.boxes[key].height)
        assert rect.x >= 0
        assert rect.right <= after.width
        assert rect.y >= 0
        assert rect.bottom <= after.height


def test_boxes_do_not_overlap(pair):
    rects = sorted(pair[1].boxes.values(), key=lambda r: r.x)
    for i, a in enumerate(rects):
        for b in rects[i + 1 :]:
            if b.x >= a.right:
                break
            assert b.y >= a.bottom or a.y >= b.bottom


def test_wires_still_end_at_boxes(pair):
    after = pair[1]
    tops = [(rect.x, rect.right, rect.y) for rect in after.boxes.values()]
    for wire in after.wires:
        for x, y in wire.ends:
            assert any(left <= x <= right and y == pytest.approx(top) for left, right, top in tops)


def test_wires_run_upright_and_level_and_cross_no_box(pair):
    after = pair[1]
    for wire in after.wires:
        for line in wire.lines:
            for (x0, y0), (x1, y1) in itertools.pairwise(line):
                assert x0 == pytest.approx(x1) or y0 == pytest.approx(y1)
                for rect in after.boxes.values():
                    across = min(x0, x1) < rect.right - 1 and max(x0, x1) > rect.x + 1
                    along = min(y0, y1) < rect.bottom - 1 and max(y0, y1) > rect.y + 1
                    assert not (across and along)


def test_a_folded_scope_of_few_layers_lists_them():
    plan = figure(load("resnet50"), depth=2)
    assert plan.captions["stage[1].bottleneck_1.cbr_2"].below == "conv 128, 3x3/2 · batchnorm · relu"
    assert plan.captions["stage[1].bottleneck_1.cbr_3"].below == "conv 512, 1x1 · batchnorm"
