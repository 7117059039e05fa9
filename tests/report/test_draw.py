from xml.etree import ElementTree

import pytest

from netdsl.language.load import load, parse
from netdsl.report.dot import draw_dot
from netdsl.report.draw import draw_svg
from netdsl.report.figure import figure
from netdsl.report.text_width import text_width

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_lenet5_shows_names_layers_and_shapes():
    found = texts(draw_svg(load("lenet5")))
    assert {"image 32x32x1", "C1 conv 6, 5x5", "28x28x6", "F6 dense 84", "Out output"} <= set(found)


def test_drawing_is_the_same_each_time():
    assert draw_svg(load("googlenet")) == draw_svg(load("googlenet"))


def test_scopes_have_frames_with_their_names():
    assert {"i3a · inception", "i5b · inception"} <= set(texts(draw_svg(load("googlenet"))))


def test_heads_end_in_boxes_with_their_weight():
    found = texts(draw_svg(load("googlenet", aux=True)))
    assert "aux1 head" in found
    assert "weight 0.3" in found


def test_depth_0_draws_each_inception_module_as_one_box():
    plan = figure(load("googlenet", aux=False), depth=0)
    assert not [m for m in plan.root.members if m.key.startswith("i3a.")]
    assert plan.captions["i3a"].below == "8 layers"


def test_scopes_that_enclose_each_other_fold_into_one_box():
    assert [box.key for box in figure(load("unet"), depth=0).root.boxes()][1] == "level_1"


def test_named_activation_is_shown_below_the_layer():
    net = parse("net A { input x: 8x8x1; conv(4, 3x3, stride=2, act=relu) }")
    assert "stride 2, relu" in texts(draw_svg(net))


def test_dot_has_a_cluster_for_each_scope_and_a_shape_on_each_edge():
    text = draw_dot(load("googlenet", aux=False))
    assert text.count("subgraph ") == 9
    assert '"28x28x192"' in text


@pytest.mark.parametrize(("text", "width"), [("A", 6.67), ("10", 11.12), ("il", 4.44)])
def test_width_of_text_is_that_of_helvetica(text, width):
    assert text_width(text, 10) == pytest.approx(width)


def test_square_kernel_given_as_an_integer_is_shown_as_a_size():
    assert "conv 4, 3x3" in texts(draw_svg(parse("net A { input x: 8x8x1; conv(4, 3, pad=0) }")))
