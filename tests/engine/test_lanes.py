"""Small nets work with the batch in the lanes: the same bits forward, gradients that absent images do not touch."""

from __future__ import annotations

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.lanes import batch_fills_lanes, in_lanes
from netdsl.compiler.lower import lower
from netdsl.compiler.passes import rewrite
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.weights import Weights
from netdsl.ops.op import BATCH, Build
from netdsl.reference import run_ops
from netdsl.training.optimise.loss import CrossEntropy, objective_for
from netdsl.training.optimise.optimiser import Sgd

SMALL = """
net Small {
  input image: 14x13x1
  conv(6, 5x5, act=relu) | maxpool(2x2)
  conv(9, 3x3, pad=1, act=tanh) | conv(5, 3x3, pad=same, act=relu) | avgpool(2x2)
  flatten | dense(10, act=softmax)
}
"""
OPTIMIZER = Sgd(lr=0.1, momentum=0.9, decay=5e-4)


def rules(net: netdsl.Net) -> dict:
    trained = [n for n, p in net.tensors.items() if p.role == "param"]
    return {
        "wrt": trained,
        "loss": objective_for(net, {"": CrossEntropy()}, 10).lower,
        "update": OPTIMIZER.update,
    }


def batch_of(images: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(images, 14, 13, 1)).astype(np.float32)
    return {"image": x, "labels": rng.integers(0, 10, images).astype(np.int32)}


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_batch_in_the_lanes_has_the_bits_of_single_images(isa: str, threads: int) -> None:
    net = netdsl.parse(SMALL)
    weights, x = net.initialise(1), batch_of(37)["image"]
    alone = netdsl.compile(net, weights, batch=1, threads=threads, isa=isa)
    together = netdsl.compile(net, weights, batch=37, threads=threads, isa=isa)
    kernels = [step.kernel for step in together.plan.steps]
    assert kernels.count("conv_lanes") == 3 and "conv" in kernels
    assert np.array_equal(np.concatenate([alone(x[i : i + 1]) for i in range(37)]), together(x))


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("images", [32, 21, 3])
def test_a_training_step_equals_the_reference_whatever_lanes_are_absent(isa: str, images: int) -> None:
    net = netdsl.parse(SMALL)
    arrays = dict(initial_arrays(net, 2))
    for name in ("conv_1.bias", "conv_2.bias", "conv_3.bias"):
        arrays[name] = np.random.default_rng(5).normal(size=arrays[name].shape).astype(np.float32)
    weights = Weights(arrays)
    step = netdsl.compile(net, weights, batch=32, isa=isa, **rules(net))
    assert {"conv_lanes", "conv_dw_lanes", "pack_lanes"} <= {s.kernel for s in step.plan.steps}
    step.step(batch_of(images), step=1, seed=7, **OPTIMIZER.scalars(1))
    program = lower(net, training=True, **rules(net))
    tensors = {v.name: np.zeros(v.shape) for v in program.values.values() if v.role == "state"} | arrays
    given = {**tensors, **batch_of(images), "step": 1, "seed": 7, **OPTIMIZER.scalars(1)}
    for name, expected in run_ops(program, given, dtype=np.float64).assigned.items():
        assert np.linalg.norm(weights[name] - expected) <= 1e-4 * np.linalg.norm(expected) + 1e-6, name


def test_wide_nets_and_small_batches_keep_channels_in_the_lanes() -> None:
    assert batch_fills_lanes(lower(netdsl.parse(SMALL)), 16)
    assert not batch_fills_lanes(lower(netdsl.parse(SMALL)), 15)
    assert not batch_fills_lanes(lower(netdsl.load("vgg16")), 16)
    assert not batch_fills_lanes(lower(netdsl.parse(SMALL.replace("conv(9", "conv(64"))), 16)


def test_a_sum_over_images_reads_only_what_is_zero_in_absent_lanes() -> None:
    build = Build()
    x, w = build.input("x", (BATCH, 4, 4, 1)), build.tensor("w", (3, 3, 1, 2), "param")
    window = {"kernel": (3, 3), "stride": (1, 1), "pad": (0, 0, 0, 0), "dilation": (1, 1), "groups": 1}
    y = build.add("conv", x, w, **window)
    build.outputs["s"] = build.add("reduce", y, axes=(0, 1, 2), keep=False).id
    assert in_lanes(build.finish(), 16) == [True, False]


def test_a_gradient_that_its_epilogue_masks_stays_zero_in_absent_lanes() -> None:
    net = netdsl.parse(SMALL)
    program = rewrite(lower(net, training=True, **rules(net)))
    inside = [lane for op, lane in zip(program.ops, in_lanes(program, 16), strict=True) if op.kind == "conv_dw"]
    assert len(inside) == 3 and all(inside)
