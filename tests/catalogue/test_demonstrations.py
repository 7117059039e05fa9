"""Principles of the lectures as small experiments on the engine (docs/catalogue.md)."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.language.load import load, parse

GATE = """
net Gate {
  input x: 4
  H: dense(4, act=tanh)
  T: from x | dense(4, act=sigmoid, init=zeros)
  gate(H, T, x)
}
"""
DENSE = "net D { input x: 6x6x1; d: dense(5, act=tanh) }"
CONV = "net C { input x: 12x12x1; k: conv(3, 3x3, act=relu, init=normal(1)) }"
POOLED = CONV.replace(" }", " | global_maxpool }").replace("k: ", "")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def test_closed_highway_gate_hands_x_on(run, rng) -> None:
    x = rng.normal(size=4)
    assert run(GATE, x, T__bias=np.full(4, -80)) == pytest.approx(x)


def test_open_highway_gate_is_the_plain_layer(run, rng) -> None:
    x, w = rng.normal(size=4), rng.normal(size=(4, 4))
    assert run(GATE, x, T__bias=np.full(4, 80), H__weight=w) == pytest.approx(np.tanh(x @ w), abs=1e-6)


def test_dense_net_learns_as_well_from_shuffled_pixels(run, rng) -> None:
    """Shuffle the pixels and the rows of the weights alike, and nothing changes."""
    x, w, order = rng.normal(size=36), rng.normal(size=(36, 5)), rng.permutation(36)
    plain = run(DENSE, x.reshape(6, 6, 1), d__weight=w)
    assert run(DENSE, x[order].reshape(6, 6, 1), d__weight=w[order]) == pytest.approx(plain, abs=1e-5)


def test_convolution_does_not_survive_shuffled_pixels(run, rng) -> None:
    x, order = rng.normal(size=144), rng.permutation(144)
    maps = [run(CONV, pixels.reshape(12, 12, 1)) for pixels in (x, x[order])]
    assert not np.allclose(np.sort(maps[0], axis=None), np.sort(maps[1], axis=None))


def test_moved_image_moves_the_map(run, rng) -> None:
    image = np.zeros((12, 12, 1))
    image[3:7, 3:7, 0] = rng.normal(size=(4, 4))
    before, after = run(CONV, image), run(CONV, np.roll(image, (2, 3), axis=(0, 1)))
    assert np.array_equal(np.roll(before, (2, 3), axis=(0, 1)), after)


def test_global_pool_forgets_where(run, rng) -> None:
    image = np.zeros((12, 12, 1))
    image[3:7, 3:7, 0] = rng.normal(size=(4, 4))
    assert np.array_equal(run(POOLED, image), run(POOLED, np.roll(image, (2, 3), axis=(0, 1))))


def test_depth_concat_pads_the_smaller_map(run) -> None:
    text = "net C { input x: 16x16x3; a: conv(2, 3x3, init=zeros, bias_init=ones); concat(a, x, fit=pad) }"
    y = run(text, np.zeros((16, 16, 3)))
    assert y.shape == (16, 16, 5)
    assert np.array_equal(y[..., 0], np.pad(np.ones((14, 14)), 1))


@pytest.mark.parametrize(
    ("size", "arguments", "out"),
    [
        (2, "3x3, stride=2", 5),
        (4, "4x4, stride=2, pad=1", 8),
        (28, "2x2, stride=2", 56),
        (3, "3x3, stride=2, pad=1, output_pad=1", 6),
    ],
)
def test_transposed_convolution_gives(run, size: int, arguments: str, out: int) -> None:
    text = f"net T {{ input x: {size}x{size}x1; conv_transpose(1, {arguments}) }}"
    assert run(text, np.ones((size, size, 1))).shape == (out, out, 1)


@pytest.mark.parametrize(("pad", "size"), [(1, 6), (2, 8)])
def test_zero_padding_of_a_4x4_image(pad: int, size: int) -> None:
    net = parse(f"net P {{ input x: 4x4x1; k: conv(1, 1x1, pad={pad}) }}")
    assert net.nodes["k"].shape == (size, size, 1)


@pytest.mark.parametrize("stack", [("7x7", 1, 7, 49), ("3x3", 3, 7, 27), ("3x3", 2, 5, 18)])
def test_small_filters_see_as_much_with_fewer_weights(stack: tuple[str, int, int, int]) -> None:
    kernel, count, field, weights = stack
    net = parse(f"net S {{ input x: 32x32x1; conv(1, {kernel}, bias=false) * {count} }}")
    assert (net.params, max(net.fields[f"conv_{count}"])) == (weights, field)


def test_inception_module_keeps_its_size_and_adds_the_branches() -> None:
    assert load("inception_module").nodes["i3a.concat_1"].shape == (28, 28, 64 + 128 + 32 + 32)
