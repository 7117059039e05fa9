"""Max pooling goes into the convolution before it, where that has one input channel and few outputs."""

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.passes.pools import fuse_pools
from netdsl.ops.expression import max_, operands, unary
from netdsl.ops.op import BATCH, Build

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
