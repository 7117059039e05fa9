"""Which values lie inside another, and that it leaves bits alone."""

import numpy as np
import pytest

import netdsl
from netdsl.compiler import assemble
from netdsl.compiler.layout import assign_layouts
from netdsl.compiler.views import View, find_views
from netdsl.ops.expression import operands, unary
from netdsl.ops.op import BATCH, Build
from netdsl.training.bare import SCALARS, training_program

(x0,) = operands(1)

INCEPTION = """net Small {
  input image: 9x9x8
  concat {
    - conv(16, 1x1, act=relu)
    - conv(16, 1x1, act=relu) | conv(24, 3x3, pad=same, act=relu)
    - conv(3, 1x1, act=relu) | conv(5, 5x5, pad=same, act=relu)
    - maxpool(3x3, stride=1, pad=same) | conv(7, 1x1, act=relu)
  }
  maxpool(3x3, stride=2, pad=same) | conv(20, 3x3, pad=same)
  out: dense(4, act=softmax)
}"""
CROWDED = """net Crowded {
  input image: 5x6x8
  conv(1024, 1x1, act=relu)
  add(act=relu) {
    - conv(512, 1x1) | batchnorm | relu | conv(512, 3x3, pad=same) | batchnorm | relu | conv(1024, 1x1) | batchnorm
    - id
  }
  conv(512, 1x1, act=relu) | conv(16, 1x1)
  out: dense(4, act=softmax)
}"""


def start(*widths):
    b = Build()
    x = [b.input(f"x{k}", (BATCH, 4, 5, width)) for k, width in enumerate(widths)]
    return b, [b.map(unary("tanh", x0), v, name=f"a{k}") for k, v in enumerate(x)]


def views_of(b):
    """Names with offset and pitch of what lies inside another, and the name of that."""
    program, layouts = assign_layouts(b.finish(), 1)
    names = {i: v.name for i, v in program.values.items()}
    return {names[i]: (names[v.whole], v.offset, v.pitch) for i, v in find_views(program, layouts).items()}


def test_parts_lie_side_by_side_in_the_whole():
    b, (a0, a1) = start(2, 3)
    b.outputs["y"] = b.add("concat", a0, a1, axis=2, name="y").id
    assert views_of(b) == {"a0": ("y", 0, 5), "a1": ("y", 2, 5)}


def test_a_concatenation_in_another_lies_in_the_outer_one():
    b, (a0, a1, a2) = start(2, 3, 4)
    inner = b.add("concat", a1, a2, axis=2, name="inner")
    b.outputs["y"] = b.add("concat", a0, inner, axis=2, name="y").id
    assert views_of(b) == {"a0": ("y", 0, 9), "inner": ("y", 2, 9), "a1": ("y", 2, 9), "a2": ("y", 5, 9)}


def test_a_part_that_is_an_input_or_wanted_or_stands_twice_is_copied():
    b, (a0, a1) = start(2, 3)
    b.outputs |= {"y": b.add("concat", a0, a1, a1, b.values[0], axis=2, name="y").id, "a0": a0.id}
    assert views_of(b) == {}


def test_a_part_that_softmax_makes_is_copied():
    b, (a0, a1) = start(2, 3)
    b.outputs["y"] = b.add("concat", b.add("softmax", a0), a1, axis=2, name="y").id
    assert views_of(b) == {"a1": ("y", 2, 5)}


def test_a_concatenation_of_rows_is_copied():
    b, (a0, a1) = start(2, 2)
    b.outputs["y"] = b.add("concat", a0, a1, axis=0, name="y").id
    assert views_of(b) == {}


def test_a_slice_of_channels_is_read_where_it_lies_and_one_of_rows_is_copied():
    b, (a0,) = start(5)
    channels = b.add("slice", a0, start=(0, 0, 1), stop=(4, 5, 4), name="channels")
    rows = b.add("slice", a0, start=(1, 0, 0), stop=(3, 5, 5), name="rows")
    b.outputs |= {"y": b.map(x0, channels).id, "z": b.map(x0, rows).id}
    assert views_of(b) == {"channels": ("a0", 1, 5)}


def test_a_sum_over_channels_reads_no_slice():
    b, (a0,) = start(5)
    part = b.add("slice", a0, start=(0, 0, 1), stop=(4, 5, 4))
    b.outputs["y"] = b.add("reduce", part, axes=(3,), keep=False).id
    assert views_of(b) == {}


def test_a_part_cut_from_another_part_is_copied():
    b, (a0,) = start(5)
    part = b.add("slice", a0, start=(0, 0, 0), stop=(4, 5, 2), name="part")
    b.outputs["y"] = b.add("concat", a0, part, axis=2, name="y").id
    program, layouts = assign_layouts(b.finish(), 1)
    assert find_views(program, layouts)[part.id] == View(program.outputs["y"], 5, 7, "concat")


@pytest.mark.parametrize(
    ("channels", "kernel", "area", "pitch"),
    [(1024, 1, 49, 1040), (512, 1, 49, 528), (512, 3, 49, 0), (496, 1, 49, 0), (512, 1, 1, 0)],
)
def test_crowded_pixels_of_a_pointwise_convolution_are_spread(channels, kernel, area, pitch):
    b = Build()
    a = b.map(unary("tanh", x0), b.input("x", (BATCH, area, channels)), name="a")
    w = b.tensor("w", (kernel, channels, 4), "param")
    b.outputs["y"] = b.add(
        "conv", a, w, kernel=(kernel,), stride=(1,), pad=(0, 0), dilation=(1,), groups=1, name="y"
    ).id
    assert views_of(b) == ({"a": ("a", 0, pitch)} if pitch else {})


@pytest.mark.parametrize(("kernel", "stride", "pitch"), [(2, 2, 528), (1, 2, 528), (3, 2, 0), (1, 1, 528)])
def test_crowded_pixels_of_a_transposed_convolution_are_spread_where_taps_do_not_overlap(kernel, stride, pitch):
    b = Build()
    a = b.map(unary("tanh", x0), b.input("x", (BATCH, 7, 512)), name="a")
    w = b.tensor("w", (kernel, 4, 512), "param")
    attrs = {"kernel": (kernel,), "stride": (stride,), "pad": (0, 0), "dilation": (1,), "groups": 1}
    b.outputs["y"] = b.add("conv_dx", a, w, size=(6 * stride + kernel,), name="y", **attrs).id
    assert views_of(b) == ({"a": ("a", 0, pitch)} if pitch else {})


def test_crowded_pixels_that_someone_reads_as_one_run_are_not_spread():
    b = Build()
    a = b.map(unary("tanh", x0), b.input("x", (BATCH, 49, 512)), name="a")
    w = b.tensor("w", (1, 512, 4), "param")
    b.outputs["y"] = b.add("conv", a, w, kernel=(1,), stride=(1,), pad=(0, 0), dilation=(1,), groups=1).id
    b.outputs["z"] = b.map(x0, b.add("reshape", a, shape=(49 * 512,))).id
    assert views_of(b) == {}


def test_an_inception_copies_nothing():
    net = netdsl.parse(INCEPTION)
    for program in (netdsl.compile(net, batch=2), training_program(net, batch=2)):
        assert "copy" not in [step.kernel for step in program.plan.steps]


@pytest.mark.parametrize("source", [INCEPTION, CROWDED])
@pytest.mark.parametrize("training", [False, True])
def test_views_leave_the_bits_alone(monkeypatch, training, source):
    net = netdsl.parse(source)
    shape = net.nodes[net.inputs[0]].shape
    images, results = np.random.default_rng(1).standard_normal((3, *shape)).astype(np.float32), []
    for find in (find_views, lambda *_: {}):
        monkeypatch.setattr(assemble, "find_views", find)
        if training:
            program = training_program(net, batch=3, threads=2, algorithm="auto")
            program.step({"image": images, "labels": np.array([0, 1, 3], np.int32)}, **SCALARS)
        else:
            program = netdsl.compile(net, batch=3)
        results.append([program(images)] if not training else [program.weights[name] for name in program.weights])
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))
