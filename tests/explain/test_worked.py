"""The worked convolutions of the lectures, window by window, on the engine; slide errors are not encoded."""

from collections.abc import Sequence

import numpy as np
import pytest

from netdsl.data.matrix import parse_matrix
from netdsl.explain.given import arrays, put_weights
from netdsl.explain.trace import Trace, trace
from netdsl.language.load import parse


def grid(text: str) -> np.ndarray:
    """A matrix (H, W) from its text."""
    return parse_matrix(text, "it")[:, :, 0]


def traced(body: str, x: str, kernels: Sequence[str] = (), biases: Sequence[str] = (), *, node: str = "C") -> Trace:
    """A node of a net with that body, every window worked out, run on the engine."""
    net = parse(f"net Worked {{ {body} }}")
    weights = net.initialise()
    put_weights(net, weights, node, kernels, biases)
    found = trace(net, node, weights, arrays(net, [x]))
    assert found.close
    return found


def engine(found: Trace, channel: int = 0) -> np.ndarray:
    """The engine's map of one channel, having checked that the worked windows give the same."""
    for step in found.steps:
        total = step.sum / (step.divisor or 1) + (step.bias or 0)
        if step.result == total:  # no activation changed it
            assert np.isclose(found.output[(*step.position, step.channel)], total, rtol=1e-6, atol=1e-5)
    return found.output[..., channel]


# cs231n's demo: 5x5x3, two 3x3x3 filters, stride 2, pad 1.
DEMO = (
    "0 0 1 0 2/1 0 2 0 1/1 0 2 2 0/2 0 0 2 0/2 1 2 2 0|"
    "2 1 2 1 1/2 1 2 0 1/0 2 1 0 1/1 2 2 2 2/0 1 2 0 1|"
    "2 1 1 2 0/1 0 0 1 0/0 1 0 0 0/1 0 2 1 0/2 2 1 1 1"
)
W0 = "-1 0 1/0 0 1/1 -1 1|-1 0 1/1 -1 1/0 1 0|-1 1 1/1 1 0/0 -1 0"
W1 = "0 1 -1/0 -1 0/0 -1 1|-1 0 0/1 -1 0/1 -1 0|-1 1 -1/0 -1 -1/1 0 0"

# The canonical X, and the three features.
X = "/".join(" ".join("1" if 1 <= i <= 7 and j in (i, 8 - i) else "-1" for j in range(9)) for i in range(9))
FALLING, RISING, CROSS = "1 -1 -1/-1 1 -1/-1 -1 1", "-1 -1 1/-1 1 -1/1 -1 -1", "1 -1 1/-1 1 -1/1 -1 1"
FALLING_MAP = (
    "7 -1 1 3 5 -1 3/-1 9 -1 3 -1 1 -1/1 -1 9 -3 1 -1 5/3 3 -3 5 -3 3 3/"
    "5 -1 1 -3 9 -1 1/-1 1 -1 3 -1 9 -1/3 -1 5 3 1 -1 7"
)
CROSS_MAP = (
    "3 -5 1 -1 1 -5 3/-5 5 -5 3 -5 5 -5/1 -5 5 -7 5 -5 1/-1 3 -7 9 -7 3 -1/"
    "1 -5 5 -7 5 -5 1/-5 5 -5 3 -5 5 -5/3 -5 1 -1 1 -5 3"
)

SMALL, CORNER = "5 2 3 4/6 7 8 5/4 5 4 5/1 0 2 3", "1 0/1 -1"

PIXELS = (
    "255 220 150 200 110 100/240 50 35 45 200 130/0 20 245 250 230 120/"
    "170 180 235 145 170 255/190 185 170 165 130 120/255 255 245 190 200 170"
)
SLANTED = "-.7 .2 .1/.3 .5 .4/-.2 -.4 .2"
TRUE_MAP = "32.5 -105.5 -44 -60.5/-105.5 104 224 213.5/185.5 217.5 38.5 52.5/54 31 -18 36.5"


@pytest.mark.parametrize(("channel", "expected"), [(0, "2 3 3/3 7 3/8 10 -3"), (1, "-8 -8 -3/-3 1 0/-3 -8 -5")])
def test_two_filters_over_three_channels_with_stride_2(channel, expected):
    found = traced("input x: 5x5x3; C: conv(2, 3x3, stride=2, pad=1)", DEMO, [W0, W1], ["1 0"])
    assert (engine(found, channel) == grid(expected)).all()


def test_sums_of_the_channels_and_the_bias_of_the_first_window():
    first = traced("input x: 5x5x3; C: conv(2, 3x3, stride=2, pad=1)", DEMO, [W0, W1], ["1 0"]).steps[0]
    assert ([plane.sum for plane in first.planes], first.sum, first.bias) == ([-1, 1, 1], 1, 1)


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [(FALLING, grid(FALLING_MAP)), (RISING, grid(FALLING_MAP)[:, ::-1]), (CROSS, grid(CROSS_MAP))],
)
def test_features_of_an_x_give_ninths(kernel, expected):
    found = traced("input x: 9x9x1; C: conv(1, 3x3, bias=false)", X, [kernel])
    assert (engine(found) == expected).all()


def test_a_mean_over_the_window_prints_the_slides_fractions():
    ninths = "/".join(" ".join(f"{v / 9}" for v in row) for row in grid(FALLING))
    found = traced("input x: 9x9x1; C: conv(1, 3x3, bias=false)", X, [ninths])
    assert engine(found)[0, :4] == pytest.approx([7 / 9, -1 / 9, 1 / 9, 3 / 9])


def test_max_pooling_rounded_up_keeps_the_strongest_answers():
    body = "input x: 9x9x1; C: conv(1, 3x3, bias=false); P: maxpool(2x2, ceil=true)"
    found = traced(body, X, [f"C={FALLING}"], node="P")
    assert (engine(found) == grid("9 3 5 3/3 9 3 5/5 3 9 1/3 5 1 7")).all()


@pytest.mark.parametrize(
    ("stride", "pad", "expected"),
    [
        (1, 0, "4 1 6/5 8 7/5 3 3"),
        (2, 0, "4 6/5 3"),
        (1, 1, "-5 3 -1 -1 4/-6 4 1 6 9/-4 5 8 7 10/-1 5 3 3 8/0 1 0 2 3"),
        (2, 1, "-5 -1 4/-4 8 10/0 0 3"),
        (2, 2, "0 0 0 0/0 4 6 0/0 5 3 0/0 0 0 0"),
    ],
)
def test_a_2x2_kernel_on_4x4_with_stride_and_padding(stride, pad, expected):
    found = traced(f"input x: 4x4x1; C: conv(1, 2x2, stride={stride}, pad={pad}, bias=false)", SMALL, [CORNER])
    assert (engine(found) == grid(expected)).all()


def test_max_pooling_of_4x4_by_2x2():
    found = traced("input x: 4x4x1; P: maxpool(2x2)", "1 1 2 4/5 6 7 8/3 2 1 0/1 2 3 4", node="P")
    assert (engine(found) == grid("6 8/3 4")).all()


@pytest.mark.parametrize(("x", "score"), [("1 -1/-1 1", 4), ("-1 1/1 -1", -4)])
def test_a_2x2_filter_of_signs_scores_both_diagonals(x, score):
    assert engine(traced("input x: 2x2x1; C: conv(1, 2x2, bias=false)", x, ["1 -1/-1 1"])).item() == score


def test_ones_with_stride_2_over_ten_i_plus_j():
    x = "/".join(" ".join(str(10 * i + j) for j in range(1, 8)) for i in range(1, 8))
    found = traced("input x: 7x7x1; C: conv(1, 3x3, stride=2, bias=false)", x, ["1 1 1/1 1 1/1 1 1"])
    assert (engine(found) == grid("198 216 234/378 396 414/558 576 594")).all()


def test_ones_with_stride_2_as_the_stride_figure_counts_from_0():
    x = "/".join(" ".join(str(10 * i + j) for j in range(1, 8)) for i in range(7))
    found = traced("input x: 7x7x1; C: conv(1, 3x3, stride=2, bias=false)", x, ["1 1 1/1 1 1/1 1 1"])
    assert (engine(found) == grid("108 126 144/288 306 324/468 486 504")).all()


def test_a_slanted_kernel_on_6x6_gives_the_true_map():
    found = traced("input x: 6x6x1; C: conv(1, 3x3, bias=false)", PIXELS, [SLANTED])
    assert engine(found) == pytest.approx(grid(TRUE_MAP), abs=1e-4)


def test_relu_and_max_pooling_follow():
    body = "input x: 6x6x1; C: conv(1, 3x3, bias=false, act=relu); P: maxpool(2x2)"
    found = traced(body, PIXELS, [f"C={SLANTED}"], node="P")
    assert engine(found) == pytest.approx(grid("104 224/217.5 52.5"), abs=1e-4)


def test_the_slides_map_is_the_transpose_with_another_pixel():
    turned = grid(PIXELS).T.copy()
    turned[5, 5] = 175  # given once as 170 and once as 175
    x, kernel = ("/".join(" ".join(map(str, row)) for row in m) for m in (turned, grid(SLANTED).T))
    slide = "32.5 -105.5 185.5 54/-105.5 104 217.5 31/-44 224 38.5 -18/-60.5 213.5 52.5 37.5"
    found = traced("input x: 6x6x1; C: conv(1, 3x3, bias=false)", x, [kernel])
    assert engine(found) == pytest.approx(grid(slide), abs=1e-4)


CURVE = np.zeros((7, 8))
CURVE[0, 6] = CURVE[1, 4] = CURVE[2:6, 3] = 30
HERE = np.zeros((7, 8))
HERE[0, 7], HERE[1, 4:7], HERE[2, 3:5], HERE[3:7, 3] = 30, 50, (20, 50), 50
ELSEWHERE = np.zeros((7, 8))
ELSEWHERE[[1, 2, 2, 3], [1, 0, 2, 0]], ELSEWHERE[3, 1] = 40, 20
ELSEWHERE[[4, 5, 6], [1, 2, 3]], ELSEWHERE[6, :2] = 50, 25


@pytest.mark.parametrize(("patch", "score"), [(HERE, 6600), (ELSEWHERE, 0)])
def test_a_curve_detector_answers_to_its_curve(patch, score):
    x, kernel = ("/".join(" ".join(map(str, row)) for row in m) for m in (patch, CURVE))
    assert engine(traced("input x: 7x8x1; C: conv(1, 7x8, bias=false)", x, [kernel])).item() == score


def test_a_causal_convolution_sees_the_past_alone():
    found = traced("input x: 3x1; C: conv(1, 2, pad=causal, bias=false)", "10 20 30", ["1 2"])
    assert engine(found).tolist() == [20, 50, 80]


def test_a_sequence_without_padding_is_one_shorter():
    assert engine(traced("input x: 3x1; C: conv(1, 2, bias=false)", "10 20 30", ["1 2"])).tolist() == [50, 80]
