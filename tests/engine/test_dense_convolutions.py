"""A convolution whose window is the whole image is planned as a dense layer, with exact results on small integers."""

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.assemble import assemble
from netdsl.compiler.lanes import batch_fills_lanes
from netdsl.compiler.lower import lower
from netdsl.compiler.passes import rewrite
from netdsl.compiler.program import Program, kernel_table
from netdsl.graph.weights import Weights
from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, Build
from netdsl.reference import run_ops

SHAPES = [((5, 5), 16, 120), ((1, 7), 3, 5), ((4,), 2, 17), ((2, 3, 2), 5, 33), ((1, 1), 6, 4)]
KERNELS = {"conv": "conv", "conv_dx": "dot_dx", "conv_dw": "conv_dw"}
x0, x1 = operands(2)


def problem(kind, space, inputs, outputs, images, *, per_channel=False):
    """A program of one operation with an epilogue, its tensors and inputs, and the exact result."""
    rng, b, ones = np.random.default_rng(3), Build(), (1,) * len(space)
    x, y, w = (*space, inputs), (*ones, outputs), (*space, inputs, outputs)
    window = {"kernel": space, "stride": ones, "pad": (0, 0) * len(space), "dilation": ones, "groups": 1}
    given = {"conv": {"x": x}, "conv_dx": {"x": y}, "conv_dw": {"x": x, "dy": y}}[kind]
    tensors = {} if kind == "conv_dw" else {"w": w}
    ins = [b.input(k, (BATCH, *shape)) for k, shape in given.items()]
    ins += [b.tensor(k, shape, "param") for k, shape in tensors.items()]
    out = b.add(kind, *ins, **window, **({"size": space} if kind == "conv_dx" else {}))
    if kind != "conv_dw":
        shape = out.shape[-1:] if per_channel else out.shape
        other = b.tensor("z", shape, "param") if per_channel else b.input("z", shape)
        (tensors if per_channel else given)["z"] = shape if per_channel else shape[1:]
        out = b.map(x0 * 2.0 + x1, out, other)
    b.outputs["out"] = out.id
    draw = lambda shape: rng.integers(-3, 4, shape).astype(np.float32)  # noqa: E731
    arrays = {k: draw((images, *shape)) for k, shape in given.items()}
    weights = {k: draw(shape) for k, shape in tensors.items()}
    program = b.finish()
    return rewrite(program), weights, arrays, run_ops(program, {**weights, **arrays}, dtype=np.float64)["out"]


def run(program, weights, arrays, isa=None, threads=2):
    images = len(next(iter(arrays.values())))
    plan = assemble(program, batch=images, threads=threads, table=kernel_table(isa))
    return plan, Program(plan, Weights(weights), threads).step(arrays)["out"]


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("images", [1, 3, 17])
@pytest.mark.parametrize("kind", KERNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_window_over_the_whole_image_is_a_product_of_matrices(shape, kind, images, isa):
    program, weights, arrays, expected = problem(kind, *shape, images)
    plan, found = run(program, weights, arrays, isa)
    assert KERNELS[kind] in [step.kernel for step in plan.steps]
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("kind", ["conv", "conv_dx"])
def test_a_number_for_each_channel_joins_every_pixel(kind):
    program, weights, arrays, expected = problem(kind, (4, 3), 5, 19, 3, per_channel=True)
    plan, found = run(program, weights, arrays)
    assert "dot_dx" not in [step.kernel for step in plan.steps]
    assert np.array_equal(found, expected)


def test_the_gradient_reads_the_weight_as_it_lies():
    program, weights, arrays, _ = problem("conv_dx", (5, 5), 16, 120, 4)
    assert not run(program, weights, arrays)[0].prepare_steps


def test_a_slice_of_the_channels_is_copied_before_its_pixels_are_a_row():
    b = Build()
    x, w = b.input("x", (BATCH, 3, 2, 8)), b.tensor("w", (3, 2, 5, 4), "param")
    part = b.add("slice", b.map(x0 * 2.0, x), start=(0, 0, 1), stop=(3, 2, 6))
    window = {"kernel": (3, 2), "stride": (1, 1), "pad": (0, 0, 0, 0), "dilation": (1, 1), "groups": 1}
    b.outputs["out"] = b.add("conv", part, w, **window).id
    program, rng = b.finish(), np.random.default_rng(1)
    arrays, weights = (
        {"x": rng.integers(-3, 4, (3, 3, 2, 8)).astype("f")},
        {"w": rng.integers(-3, 4, (3, 2, 5, 4)).astype("f")},
    )
    plan, found = run(program, weights, arrays)
    assert [step.kernel for step in plan.steps] == ["map", "copy", "conv"]
    assert np.array_equal(found, run_ops(program, {**weights, **arrays}, dtype=np.float64)["out"])


def test_a_wide_window_over_the_whole_image_does_not_keep_the_batch_from_the_lanes():
    text = "net N { input image: 12x12x1\nconv(6, 5x5, act=relu) | maxpool(2x2) | conv(120, 4x4)\nflatten | dense(3) }"
    net, x = netdsl.parse(text), np.random.default_rng(1).normal(size=(20, 12, 12, 1)).astype(np.float32)
    assert batch_fills_lanes(lower(net), 16)
    weights = net.initialise(1)
    alone = netdsl.compile(net, weights, batch=1)
    assert np.array_equal(
        np.concatenate([alone(x[i : i + 1]) for i in range(20)]), netdsl.compile(net, weights, batch=20)(x)
    )
