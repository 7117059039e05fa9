"""What convolution knows of a picture: where things stand together, and not where they stand; on the engine."""

import numpy as np
import pytest

import netdsl
from netdsl.training.bare import training_program

SIZE = 12
PIXELS = np.random.default_rng(11).normal(size=(4, SIZE, SIZE, 1)).astype(np.float32)
SHUFFLE = np.random.default_rng(12).permutation(SIZE * SIZE)

DENSE = netdsl.parse("net D { input x: 12x12x1; dense(20, act=relu); out: dense(3) }")
CONV = netdsl.parse("net C { input x: 12x12x1; conv(5, 3x3, act=relu) | global_avgpool; out: dense(3) }")
EQUIVARIANT = netdsl.parse("net E { input x: 12x12x1; conv(5, 3x3, act=relu) | conv(2, 3x3) }")


def shuffled(images: np.ndarray) -> np.ndarray:
    """The same permutation of the pixels of every image."""
    return images.reshape(len(images), -1)[:, SHUFFLE].reshape(images.shape)


def test_a_dense_net_does_not_mind_shuffled_pixels():
    weights = dict(DENSE.initialise(3))
    moved = {**weights, "dense_1.weight": weights["dense_1.weight"][SHUFFLE]}
    plain, other = netdsl.compile(DENSE, weights)(PIXELS), netdsl.compile(DENSE, moved)(shuffled(PIXELS))
    assert other == pytest.approx(plain, abs=1e-5)


def test_a_dense_net_learns_from_shuffled_pixels_what_it_learns_from_plain_ones():
    """Each step keeps the two alike: the gradient of a shuffled weight is the shuffled gradient."""
    losses = []
    for images, order in ((PIXELS, np.arange(SIZE * SIZE)), (shuffled(PIXELS), SHUFFLE)):
        program = training_program(DENSE, batch=4)
        program.weights.update(DENSE.initialise(3))
        program.weights["dense_1.weight"] = program.weights["dense_1.weight"][order]
        labels = np.array([0, 1, 2, 1], np.int32)
        losses.append([float(step(program, images, labels, k)) for k in range(5)])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert losses[0][-1] < losses[0][0]


def step(program, images, labels, k) -> np.ndarray:
    return program.step({"x": images, "labels": labels}, lr=0.05, step=k)["loss"]


def test_a_convolution_sees_another_picture_in_shuffled_pixels():
    """Its features are no reordering of those of the plain picture: the neighbours are others."""
    net = netdsl.parse("net F { input x: 12x12x1; conv(5, 3x3) }")
    program = netdsl.compile(net, net.initialise(3))
    plain, other = (np.sort(program(images).reshape(4, -1)) for images in (PIXELS, shuffled(PIXELS)))
    assert np.abs(plain - other).max() > 0.1


def test_a_convolution_moves_its_features_with_the_picture():
    program = netdsl.compile(EQUIVARIANT, EQUIVARIANT.initialise(3))
    moved = np.roll(PIXELS, (2, 1), axis=(1, 2))
    assert program(moved)[:, 2:, 1:] == pytest.approx(program(PIXELS)[:, :-2, :-1], abs=1e-5)


def test_a_stride_of_2_moves_them_with_even_steps_only():
    net = netdsl.parse("net S { input x: 12x12x1; conv(5, 3x3, stride=2, act=relu) }")
    program = netdsl.compile(net, net.initialise(3))
    plain, by_two, by_one = (program(np.roll(PIXELS, n, axis=1)) for n in (0, 2, 1))
    assert by_two[:, 1:] == pytest.approx(plain[:, :-1], abs=1e-5)
    assert np.abs(by_one[:, 1:] - plain[:, :-1]).max() > 0.1
    assert np.abs(by_one - plain).max() > 0.1


def test_a_global_pool_forgets_where_a_thing_stands():
    program = netdsl.compile(CONV, CONV.initialise(3))
    canvas = np.zeros((2, SIZE, SIZE, 1), np.float32)
    thing = PIXELS[0, :4, :4]
    canvas[0, 3:7, 2:6], canvas[1, 5:9, 4:8] = thing, thing
    assert program(canvas[1:]) == pytest.approx(program(canvas[:1]), abs=1e-5)


def test_a_dense_net_does_not_forget_it():
    program = netdsl.compile(DENSE, DENSE.initialise(3))
    canvas = np.zeros((2, SIZE, SIZE, 1), np.float32)
    thing = PIXELS[0, :4, :4]
    canvas[0, 3:7, 2:6], canvas[1, 5:9, 4:8] = thing, thing
    assert np.abs(program(canvas[1:]) - program(canvas[:1])).max() > 0.1


def test_max_pooling_forgets_a_step_within_its_window():
    net = netdsl.parse("net P { input x: 4x4x1; maxpool(2x2) }")
    program = netdsl.compile(net)
    dots = np.zeros((2, 4, 4, 1), np.float32)
    dots[0, 2, 2] = dots[1, 3, 3] = 1
    assert (program(dots[:1]) == program(dots[1:])).all()
