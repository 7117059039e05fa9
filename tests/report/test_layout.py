from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.language.check import shipped_names
from netdsl.language.load import load
from netdsl.report.figure import PADDING, figure
from netdsl.report.layout import Box, Group, Picture, Rect, lay_out

SLACK = 0.01


def overlap(a: Rect, b: Rect) -> bool:
    return a.x < b.right - SLACK and b.x < a.right - SLACK and a.y < b.bottom - SLACK and b.y < a.bottom - SLACK


def holds(a: Rect, b: Rect) -> bool:
    return a.x <= b.x and a.y <= b.y and a.right >= b.right and a.bottom >= b.bottom


def segments(picture: Picture):
    """Every piece of wire as (source, a rectangle of no width or no height)."""
    for wire in picture.wires:
        for line in wire.lines:
            for (x1, y1), (x2, y2) in pairwise(line):
                yield wire.source, Rect(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2))


def crosses(piece: Rect, box: Rect) -> bool:
    return (
        piece.x < box.right - SLACK
        and piece.right > box.x + SLACK
        and piece.y < box.bottom - SLACK
        and piece.bottom > box.y + SLACK
    )


def assert_sound(picture: Picture) -> None:
    for (_, a), (_, b) in combinations(picture.boxes.items(), 2):
        assert not overlap(a, b)
    for (_, a), (_, b) in combinations(picture.groups.items(), 2):
        assert not overlap(a, b) or holds(a, b) or holds(b, a)
    for _, piece in segments(picture):
        assert not any(crosses(piece, box) for box in picture.boxes.values())
    for wire in picture.wires:
        for x, y in wire.ends:
            assert any(box.x < x < box.right and box.y == pytest.approx(y) for box in picture.boxes.values())
    page = Rect(0, 0, picture.width, picture.height)
    assert all(holds(page, rect) for rect in (*picture.boxes.values(), *picture.groups.values()))


def chain(*keys: str) -> list[tuple[str, str]]:
    return list(pairwise(keys))


def boxes(*keys: str) -> tuple[Box, ...]:
    return tuple(Box(key, 80, 26, 50) for key in keys)


SETTINGS = [(name, depth) for name in shipped_names() for depth in (None, 0, 1)]


@pytest.mark.parametrize(("name", "depth"), SETTINGS)
def test_shipped_net_has_no_overlap_and_no_wire_through_a_box(name, depth):
    plan = figure(load(name), depth=depth)
    picture = lay_out(plan.root, plan.links)
    assert_sound(picture)
    for key, caption in plan.captions.items():
        assert caption.width + 2 * PADDING <= picture.boxes[key].width + 0.5


@st.composite
def drawings(draw):
    count = draw(st.integers(1, 18))
    keys = [f"b{i}" for i in range(count)]
    found = [
        Box(k, draw(st.integers(40, 160)), draw(st.sampled_from([26, 40])), draw(st.sampled_from([0, 60])))
        for k in keys
    ]
    links = [
        (keys[draw(st.integers(0, i - 1))], keys[i]) for i in range(1, count) for _ in range(draw(st.integers(0, 3)))
    ]
    home = [draw(st.integers(0, 3)) for _ in keys]
    inner = Group("g2", 40, tuple(b for b, h in zip(found, home, strict=True) if h == 2))
    outer = tuple(b for b, h in zip(found, home, strict=True) if h == 1)
    groups = [Group("g1", 70, outer + ((inner,) if inner.members else ()))] if outer or inner.members else []
    third = tuple(b for b, h in zip(found, home, strict=True) if h == 3)
    groups += [Group("g3", 30, third)] if third else []
    return Group("", 0, tuple(b for b, h in zip(found, home, strict=True) if h == 0) + tuple(groups)), links


@settings(max_examples=80, deadline=None)
@given(drawings())
def test_random_graph_has_no_overlap_and_no_wire_through_a_box(drawing):
    assert_sound(lay_out(*drawing))


@pytest.mark.parametrize("name", ["googlenet", "unet", "resnet50"])
def test_wires_of_two_values_never_run_on_top_of_each_other(name):
    plan = figure(load(name))
    flat = [(source, piece) for source, piece in segments(lay_out(plan.root, plan.links)) if not piece.height]
    for (a, p), (b, q) in combinations(flat, 2):
        assert a == b or p.y != q.y or p.right <= q.x or q.right <= p.x


def test_chain_is_straight():
    picture = lay_out(Group("", 0, boxes("a", "b", "c")), chain("a", "b", "c"))
    assert len({rect.x for rect in picture.boxes.values()}) == 1
    assert all(len(line) == 2 for wire in picture.wires for line in wire.lines)


def test_four_branches_stand_side_by_side_in_the_order_of_the_text():
    links = [("in", k) for k in "abcd"] + [(k, "out") for k in "abcd"]
    found = lay_out(Group("", 0, boxes("in", *"abcd", "out")), links).boxes
    assert len({found[k].y for k in "abcd"}) == 1
    assert found["a"].right < found["b"].x < found["b"].right < found["c"].x < found["c"].right < found["d"].x
    assert found["in"].x == pytest.approx((found["a"].x + found["d"].x) / 2, abs=1)


def test_skip_passes_beside_the_chain_that_stays_straight():
    picture = lay_out(Group("", 0, boxes("a", "b", "c", "d")), [*chain("a", "b", "c", "d"), ("a", "d")])
    assert len({rect.x for rect in picture.boxes.values()}) == 1
    wire = next(w for w in picture.wires if w.source == "a")
    assert max(x for line in wire.lines for x, _ in line) > picture.boxes["b"].right


def test_group_between_two_halves_of_another_is_drawn_inside_it():
    level = Group("outer", 30, boxes("down", "up"))
    inner = Group("inner", 30, boxes("bottom"))
    found = lay_out(Group("", 0, (level, inner)), [*chain("down", "bottom", "up"), ("down", "up")])
    assert holds(found.groups["outer"], found.groups["inner"])


def test_wire_enters_a_group_right_of_its_title():
    group = Group("g", 200, boxes("b"))
    picture = lay_out(Group("", 0, (*boxes("a"), group)), [("a", "b")])
    x = picture.wires[0].ends[0][0]
    assert x > picture.groups["g"].x + 200


def test_box_without_links_is_placed():
    assert lay_out(Group("", 0, boxes("a")), []).boxes["a"].width == 80
