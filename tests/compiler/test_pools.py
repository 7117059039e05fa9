"""Max pooling goes into the convolution before it, of one input channel and few outputs, or in Winograd's tiles."""

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler import stages
from netdsl.compiler.passes.choose import choose_algorithms
from netdsl.compiler.passes.pools import fuse_pools, pool_tiles
from netdsl.ops.expression import max_, operands, unary
from netdsl.ops.op import BATCH, Build
from netdsl.training.bare import training_program

x0, x1 = operands(2)
CONV = {"kernel": (5, 5), "stride": (1, 1), "pad": (0, 0, 0, 0), "dilation": (1, 1), "groups": 1}
POOL = {"kernel": (2, 2), "stride": (2, 2), "pad": (0, 0, 0, 0), "size": (6, 7)}
NET = """
net Small {
  input image: 17x18x1
  conv(6, 5x5, act=relu) | maxpool(2x2) | conv(16, 3x3, act=relu) | maxpool(2x2)
  flatten | dense(10)
}
"""

TILED = """
net Tiled {
  input image: 13x18x16
  conv(33, 3x3, pad=same, act=relu) | maxpool(2x2)
  concat {
    - conv(16, 3x3, pad=same) | maxpool(2x2)
    - conv(17, 3x3, pad=1, bias=false, act=relu) | maxpool(2x2)
  }
  flatten | dense(10)
}
"""


def start(channels=1, outputs=6, epilogue=None, **pool):
    """conv, with a bias under an epilogue if there is one, and a pool."""
    b = Build()
    x, w = b.input("x", (BATCH, 17, 18, channels)), b.tensor("w", (5, 5, channels, outputs), "param")
    bias = (b.tensor("b", (outputs,), "param"),) if epilogue is not None and epilogue.arity > 1 else ()
    more = {} if epilogue is None else {"epilogue": epilogue}
    y = b.add("conv", x, w, *bias, **CONV, **more, name="y")
    b.outputs["z"] = b.add("pool_max", y, **(POOL | pool), name="z").id
    return b, y


@pytest.mark.parametrize("epilogue", [None, x0 + x1, max_(x0 + x1, 0), max_(x0, 0)])
def test_a_pool_goes_into_the_convolution_before_it(same_values, epilogue):
    before = start(epilogue=epilogue)[0].finish()
    after = fuse_pools(before)
    assert [op.kind for op in after.ops] == ["conv_pool"]
    assert [op.origin for op in after.ops] == [op.origin for op in before.ops if op.kind == "conv"]
    same_values(before, after)


@pytest.mark.parametrize(
    "other",
    [
        {"channels": 2},
        {"outputs": 16},
        {"epilogue": unary("tanh", x0)},
        {"kernel": (3, 3), "size": (6, 7)},
        {"stride": (1, 1), "size": (12, 13)},
        {"size": (7, 7)},
        {"pad": (1, 1, 1, 1), "size": (7, 8)},
    ],
)
def test_other_windows_channels_and_epilogues_stay(other):
    before = start(**other)[0].finish()
    assert fuse_pools(before) == before


def test_a_map_that_is_wanted_outside_stays():
    b, y = start()
    b.outputs["y"] = y.id
    before = b.finish()
    assert fuse_pools(before) == before


@pytest.mark.parametrize("isa", isas())
def test_a_pooled_convolution_has_the_bits_of_its_parts(isa):
    net = netdsl.parse(NET)
    weights, x = net.initialise(1), np.random.default_rng(2).normal(size=(37, 17, 18, 1)).astype(np.float32)
    fused, lanes = (netdsl.compile(net, weights, batch=n, isa=isa) for n in (5, 37))
    parts = netdsl.compile(net, weights, batch=5, isa=isa, want=["conv_1"])
    assert [step.kernel for step in fused.plan.steps][:2] == ["conv_pool", "conv"]
    assert [step.kernel for step in lanes.plan.steps][1:3] == ["conv_lanes", "pool_max"]
    assert fused(x).tobytes() == lanes(x).tobytes() == parts(x)[next(iter(net.outputs))].tobytes()


def tiles(channels=16, outputs=20, epilogue=None, kernel=(3, 3), **pool):
    """A convolution that Winograd's algorithm does, and a pool; after the choice of algorithms."""
    b = Build()
    x, w = b.input("x", (BATCH, 15, 16, channels)), b.tensor("w", (*kernel, channels, outputs), "param")
    bias = (b.tensor("b", (outputs,), "param"),) if epilogue is not None and epilogue.arity > 1 else ()
    more = {} if epilogue is None else {"epilogue": epilogue}
    y = b.add("conv", x, w, *bias, **(CONV | {"kernel": kernel}), **more, name="y")
    b.outputs["z"] = b.add(
        "pool_max", y, **({"kernel": (2, 2), "stride": (2, 2), "pad": (0, 0, 0, 0), "size": (6, 7)} | pool)
    ).id
    return b, y


@pytest.mark.parametrize("epilogue", [None, x0 + x1, max_(x0 + x1, 0), max_(x0, 0)])
def test_a_pool_goes_into_the_tiles_before_it(same_values, epilogue):
    before = choose_algorithms(tiles(epilogue=epilogue)[0].finish())
    after = pool_tiles(before)
    assert [(op.kind, op["algorithm"]) for op in after.ops] == [("conv_pool", "winograd")]
    same_values(before, after)


@pytest.mark.parametrize(
    "other",
    [
        {"channels": 15},
        {"epilogue": unary("tanh", x0)},
        {"kernel": (2, 2), "size": (7, 7)},
        {"stride": (1, 1), "size": (12, 13)},
        {"size": (7, 7)},
    ],
)
def test_other_tiles_stay(other):
    before = choose_algorithms(tiles(**other)[0].finish())
    assert pool_tiles(before) == before


def test_tiles_that_are_wanted_or_read_again_stay():
    for again in (lambda b, y: y, lambda b, y: b.map(x0 * x0, y)):
        b, y = tiles()
        b.outputs["again"] = again(b, y).id
        before = choose_algorithms(b.finish())
        assert pool_tiles(before) == before


def test_a_direct_sum_has_no_tiles():
    before = choose_algorithms(tiles()[0].finish(), "direct")
    assert pool_tiles(before) == before


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("batch", [1, 2, 37])
def test_pooled_tiles_have_the_bits_of_their_parts(monkeypatch, isa, batch):
    net = netdsl.parse(TILED)
    weights, x = net.initialise(1), np.random.default_rng(2).normal(size=(37, 13, 18, 16)).astype(np.float32)
    fused = netdsl.compile(net, weights, batch=batch, isa=isa, threads=2)
    monkeypatch.setattr(stages, "pool_tiles", lambda program: program)
    parts = netdsl.compile(net, weights, batch=batch, isa=isa, threads=1)
    kernels = [[step.kernel for step in program.plan.steps if step.phase == "forward"] for program in (fused, parts)]
    assert kernels[0] == ["conv_winograd"] * 3 + ["conv"]  # the concatenation is in place
    assert sorted(kernels[1]) == sorted([*kernels[0], *["pool_max"] * 3])
    assert fused(x).tobytes() == parts(x).tobytes()


def test_a_map_that_a_gradient_needs_stays():
    program = training_program(netdsl.parse(TILED), batch=2)
    assert [step.kernel for step in program.plan.steps].count("pool_max") == 3
