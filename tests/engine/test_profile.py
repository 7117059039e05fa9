"""Measured steps: each is there, and measuring changes no bit."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import netdsl
from netdsl.cli import main
from netdsl.compiler.timing import random_inputs
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
    assert all(step["bytes"] > 0 for step in found["steps"])


def test_bytes_are_those_of_the_operands() -> None:
    net = netdsl.parse("net A { input x: 8x8x3; y: conv(16, 1x1, bias=false) | maxpool(2x2) }")
    program = netdsl.compile(net, batch=2)
    sizes = {step.kernel: step.bytes for step in program.plan.steps}
    assert sizes["conv"] == 4 * (2 * 8 * 8 * 3 + 3 * 16 + 2 * 8 * 8 * 16)
    assert sizes["pool_max"] == 4 * (2 * 8 * 8 * 16 + 2 * 4 * 4 * 16)


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [
        ("y: dense(3)", {"labels": ()}),
        ("y: conv(2, 3x3)", {"labels": (6, 6)}),
        ("y: conv(1, 3x3)", {"targets": (6, 6, 1)}),
        ("y: dense(1, act=sigmoid)", {"targets": (1,)}),
        ("m: conv(2, 3x3)\ny: dense(5, act=softmax)\noutput y, m", {"labels": (), "labels:6x6": (6, 6)}),
    ],
)
def test_any_net_can_be_measured_learning(outputs, labels) -> None:
    program = training_program(netdsl.parse(f"net A {{\ninput x: 8x8x3\n{outputs}\n}}"), batch=2)
    assert {b.name: b.shape for b in program.plan.inputs if b.name != "x"} == labels
    batch = random_inputs(program, 2)
    losses = [float(program.step(batch, **{**SCALARS, "lr": 0.05})["loss"]) for _ in range(30)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("more", [[], ["--train"]])
def test_bench_takes_a_plan_file(tmp_path, more) -> None:
    path = str(tmp_path / "a.plan")
    assert CliRunner().invoke(main, ["compile", "lenet5", "--batch", "3", "-o", path, *more]).exit_code == 0
    found = json.loads(CliRunner().invoke(main, ["bench", path, "--format", "json"]).output)
    assert (found["net"], found["batch"], found["training"]) == ("LeNet5", 3, bool(more))
    assert CliRunner().invoke(main, ["bench", path, "--batch", "4"]).exit_code == 2


def test_forward_and_both_gradients_of_a_product_have_the_same_macs() -> None:
    steps = training_program(netdsl.load("lenet5"), batch=4).plan.steps
    gradient = [step.macs for step in steps if step.node == "C3" and step.phase == "backward" and step.macs]
    assert gradient == [240_000, 240_000]
