"""Measured steps: each is there, and measuring changes no bit."""

import json

import numpy as np
from click.testing import CliRunner

import netdsl
from netdsl.cli import main
from netdsl.training.bare import SCALARS, training_program


def test_profile_has_a_time_for_every_step_of_a_run() -> None:
    program = netdsl.compile(netdsl.load("resnet18", size=64), batch=2, threads=2)
    rows = program.profile(np.ones((2, 64, 64, 3), np.float32), runs=2)
    assert [row["op"] for row in rows] == [step.op for step in program.plan.steps]
    assert all(row["measured"] > 0 for row in rows if row["kernel"] in ("conv", "conv_winograd"))


def test_the_macs_of_the_steps_are_those_of_the_net() -> None:
    net = netdsl.load("resnet18", size=64)
    assert sum(row["macs"] for row in netdsl.compile(net).plan.describe()) == net.macs


def test_measuring_leaves_the_bits_alone() -> None:
    net = netdsl.load("lenet5")
    batch = {"image": np.ones((8, 32, 32, 1), np.float32), "labels": np.arange(8, dtype=np.int32)}
    measured, plain = training_program(net, batch=8), training_program(net, batch=8)
    measured.profile(batch, **SCALARS)
    plain.step(batch, **SCALARS)
    assert all(np.array_equal(measured.weights[name], plain.weights[name]) for name in plain.weights)


def test_bench_prints_what_it_measured() -> None:
    result = CliRunner().invoke(main, ["bench", "lenet5", "--batch", "4", "--train", "--profile", "--format", "json"])
    found = json.loads(result.output)
    assert (found["batch"], found["training"]) == (4, True)
    assert 0 < found["from_ms"] <= found["median_ms"] <= found["to_ms"]
    assert {"forward", "backward", "update"} <= {step["phase"] for step in found["steps"]}


def test_forward_and_both_gradients_of_a_product_have_the_same_macs() -> None:
    steps = training_program(netdsl.load("lenet5"), batch=4).plan.steps
    gradient = [step.macs for step in steps if step.node == "C3" and step.phase == "backward" and step.macs]
    assert gradient == [240_000, 240_000]
