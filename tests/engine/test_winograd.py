"""Winograd's F(4x4, 3x3) against the reference: its own bounds, every edge, and the same bits however it is cut."""

from __future__ import annotations

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.reference import run_net

CASES = [
    "16x13x13 16 pad=1",
    "17x13x18 33 pad=same",
    "33x16x57 16 pad=0",
    "64x28x28 64 pad=(1, 0, 0, 1)",
    "48x29x16 20 pad=2",
    "16x15x15 600 pad=1",
    "600x15x15 16 pad=1",
    "520x14x14 528 pad=1",
    "64x7x7 48 pad=1",
    "600x6x9 33 pad=same",
]


def program_of(case: str, **options: object) -> tuple[netdsl.Program, np.ndarray, np.ndarray]:
    size, filters, pad = case.split(" ", 2)
    channels, height, width = size.split("x")
    net = netdsl.parse(f"net W {{\ninput x: {height}x{width}x{channels}\nconv({filters}, 3x3, {pad}, act=relu)\n}}")
    rng = np.random.default_rng(3)
    weights = net.initialise(1)
    weights["conv_1.bias"] = rng.normal(size=int(filters)).astype(np.float32)
    x = rng.normal(size=(3, int(height), int(width), int(channels))).astype(np.float32)
    expected = run_net(net, weights, {"x": x}, dtype=np.float64)["conv_1"]
    return netdsl.compile(net, weights, **{"batch": 3, **options}), x, expected


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("case", CASES)
def test_error_is_within_the_bound_of_the_algorithm(case: str, isa: str) -> None:
    program, x, expected = program_of(case, isa=isa)
    assert "conv_winograd" in [step.kernel for step in program.plan.steps]
    error = program(x) - expected
    assert np.linalg.norm(error) <= 1e-5 * np.linalg.norm(expected)
    assert np.abs(error).max() <= 5e-5 * np.abs(expected).max()


@pytest.mark.parametrize("case", CASES)
def test_blocks_stages_and_threads_leave_the_bits_alone(case: str) -> None:
    runs = []
    for batch, threads in ((1, 1), (3, 2), (2, 3)):
        program, x, _ = program_of(case, batch=batch, threads=threads)
        runs.append(program(x))
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0], runs[2])


def test_direct_turns_it_off_and_is_closer() -> None:
    program, x, expected = program_of(CASES[3], algorithm="direct")
    assert "conv_winograd" not in [step.kernel for step in program.plan.steps]
    assert np.abs(program(x) - expected).max() <= 2e-6 * np.abs(expected).max()


def test_nan_stays_in_its_image() -> None:
    program, x, _ = program_of(CASES[0])
    spoiled = x.copy()
    spoiled[1, 4, 4, 0] = np.nan
    found, clean = program(spoiled), program(x)
    assert np.isnan(found[1]).any()
    assert np.array_equal(found[[0, 2]], clean[[0, 2]])


@pytest.mark.parametrize("isa", isas())
def test_a_relu_without_a_bias_is_applied(isa: str) -> None:
    net = netdsl.parse("net W { input x: 13x18x16; conv(33, 3x3, bias=false, act=relu) }")
    weights, x = net.initialise(1), np.random.default_rng(3).normal(size=(1, 13, 18, 16)).astype(np.float32)
    expected = run_net(net, weights, {"x": x}, dtype=np.float64)["conv_1"]
    program = netdsl.compile(net, weights, isa=isa)
    assert [step.kernel for step in program.plan.steps] == ["conv_winograd"]
    assert np.abs(program(x) - expected).max() <= 5e-5 * expected.max()
