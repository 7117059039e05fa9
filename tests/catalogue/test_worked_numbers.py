"""Numbers that the lectures work out by hand, on the engine (docs/catalogue.md, worked numbers)."""

from __future__ import annotations

import numpy as np
import pytest

import netdsl
from netdsl.graph.cost import cost_of
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.net import Net
from netdsl.graph.weights import Weights
from netdsl.language.load import load, parse

CAUSAL = "net Causal { input x: 3x1; k: conv(1, 2, pad=%s, bias=false) }"
LOOKS_BACK = "net Back { input x: 20x1; for d in %s { conv(1, 2, pad=causal, dilation=d, bias=false, init=ones) } }"
KS5 = "net KS5 { input x: 100x1; for d in %s { conv(32, 5, pad=causal, dilation=d) }; conv(1, 1) }"


def shapes_on_the_engine(net: Net) -> dict[str, tuple[int, ...]]:
    wanted = [path for path in net.nodes if path not in net.inputs]
    program = netdsl.compile(net, Weights(initial_arrays(net, 1)), batch=1, want=wanted)
    x = np.zeros((1, *net.nodes[net.inputs[0]].shape), np.float32)
    return {path: y.shape[1:] for path, y in program(x).items()}


@pytest.mark.parametrize("name", ["keras_mnist", "fcn_mnist", "cnn1_mnist", "cnn2_mnist"])
def test_engine_gives_the_shapes_that_the_summary_prints(name: str) -> None:
    net = load(name)
    assert shapes_on_the_engine(net) == {p: node.shape for p, node in net.nodes.items() if p not in net.inputs}


def test_first_dense_layer_of_the_fcnn_has_28x28x500_weights_and_500_biases() -> None:
    net = load("fcn_mnist")
    assert cost_of(net, ["hidden[0].dense_1"]).params == 28 * 28 * 500 + 500 == 392_500


def test_cnn2_has_the_rows_of_the_lecture() -> None:
    net = load("cnn2_mnist")
    rows = [cost_of(net, [node.path]).total for node in net]
    assert [n for n in rows if n] == [80, 32, 584, 32, 1168, 64, 2320, 64, 31400, 160, 410]


@pytest.mark.parametrize(("pad", "expected"), [("causal", [20, 50, 80]), ("valid", [50, 80])])
def test_causal_convolution_of_10_20_30(run, pad: str, expected: list[int]) -> None:
    y = run(CAUSAL % pad, np.array([[10], [20], [30]]), k__weight=[1, 2])
    assert y.ravel().tolist() == expected


def test_causal_convolution_without_bias_has_2_parameters() -> None:
    assert parse(CAUSAL % "causal").params == 2


@pytest.mark.parametrize(("dilations", "back"), [([1, 1, 1, 1], 4), ([1, 2, 4, 8], 15)])
def test_four_layers_of_two_taps_look_back(run, dilations: list[int], back: int) -> None:
    first = np.zeros((20, 1))
    first[0] = 1
    assert np.flatnonzero(run(LOOKS_BACK % dilations, first)).max() == back


@pytest.mark.parametrize(("dilations", "field"), [([1, 1, 1, 1], 17), ([1, 2, 4, 8], 61)])
def test_four_layers_of_five_taps_have_15_681_parameters(dilations: list[int], field: int) -> None:
    net = parse(KS5 % dilations)
    assert (net.params, max(net.fields["conv_5"])) == (15_681, field)


def test_1x1_bottleneck_costs_9_68_times_less() -> None:
    direct = parse("net D { input x: 28x28x192; conv(32, 5x5, pad=same) }")
    reduced = parse("net R { input x: 28x28x192; conv(16, 1x1) | conv(32, 5x5, pad=same) }")
    costs = [cost_of(net, net.nodes).macs for net in (direct, reduced)]
    assert costs == [120_422_400, 12_443_648]
    assert costs[0] / costs[1] == pytest.approx(9.68, abs=0.005)


def test_dense_layer_on_an_image_explodes() -> None:
    net = parse("net Dense { input x: 200x200x1; dense(1024, bias=false) }")
    assert net.params == 40_960_000


@pytest.mark.parametrize(("wrong", "score"), [(0, 9 / 9), (2, 5 / 9)])
def test_filter_scores_a_patch_of_nine(run, wrong: int, score: float) -> None:
    stroke = np.array([1, -1, -1, -1, 1, -1, -1, -1, 1])
    patch = stroke * np.where(np.arange(9) < wrong, -1, 1)
    text = "net Match { input x: 3x3x1; k: conv(1, 3x3, bias=false) }"
    assert run(text, patch.reshape(3, 3, 1), k__weight=stroke / 9).item() == pytest.approx(score)
