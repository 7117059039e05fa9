"""The gradient of a 3x3 kernel by Winograd's algorithm in a program: its bounds, and the bits of a declared batch."""

from __future__ import annotations

import numpy as np
import pytest
from netdsl.core import field_names, isas

from netdsl.compiler.assemble import assemble
from netdsl.compiler.passes.choose import choose_algorithms
from netdsl.compiler.program import Program, kernel_table
from netdsl.graph.weights import Weights
from netdsl.ops.op import BATCH, Build, Ops
from netdsl.reference import run_ops

# input h x w x c, outputs, pad (top, left, bottom, right), batch
CASES = {
    "7x7": ((7, 7, 65), 81, (1, 1, 1, 1), 16),
    "no pad": ((15, 16, 16), 40, (0, 0, 0, 0), 5),
    "one side": ((14, 13, 17), 16, (1, 0, 0, 2), 3),
    "wide": ((8, 57, 130), 144, (1, 1, 1, 1), 2),
    "chunks": ((64, 61, 16), 16, (2, 2, 2, 2), 9),
}


def ops_of(case: str) -> Ops:
    shape, outputs, (top, left, bottom, right), _ = CASES[case]
    build = Build()
    x = build.input("x", (BATCH, *shape))
    dy = build.input("dy", (BATCH, shape[0] + top + bottom - 2, shape[1] + left + right - 2, outputs))
    geometry = {"kernel": (3, 3), "stride": (1, 1), "dilation": (1, 1), "groups": 1}
    build.outputs["dw"] = build.add("conv_dw", x, dy, pad=(top, left, bottom, right), **geometry).id
    return build.finish()


def arrays_of(program: Program, count: int, uniform: bool = False) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    draw = (lambda s: rng.uniform(0.1, 1, s)) if uniform else rng.standard_normal
    return {b.name: draw((count, *b.shape)).astype(np.float32) for b in program.plan.inputs}


def program_of(case: str, threads: int = 2, isa: str | None = None) -> Program:
    chosen = choose_algorithms(ops_of(case))
    plan = assemble(chosen, batch=CASES[case][3], threads=threads, table=kernel_table(isa))
    assert "conv_dw_winograd" in [step.kernel for step in plan.steps]
    return Program(plan, Weights({}), threads)


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("uniform", [False, True], ids=["normal", "uniform"])
@pytest.mark.parametrize("case", CASES)
def test_error_is_within_the_bound_of_the_algorithm(case: str, uniform: bool, isa: str) -> None:
    program = program_of(case, isa=isa)
    arrays = arrays_of(program, CASES[case][3], uniform)
    expected = run_ops(ops_of(case), arrays, dtype=np.float64)["dw"]
    error = program.step(arrays)["dw"] - expected
    assert np.linalg.norm(error) <= 2e-5 * np.linalg.norm(expected)
    assert np.abs(error).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("case", CASES)
def test_threads_leave_the_bits_alone(case: str) -> None:
    found = []
    for threads in (1, 2, 3, 7):
        program = program_of(case, threads)
        found.append(program.step(arrays_of(program, CASES[case][3]))["dw"])
    assert all(np.array_equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize("case", CASES)
def test_fewer_images_than_declared_give_the_bits_of_zeros_in_their_place(case: str) -> None:
    program = program_of(case)
    arrays = arrays_of(program, CASES[case][3])
    few = {name: array[:1] for name, array in arrays.items()}
    for array in arrays.values():
        array[1:] = 0
    assert np.array_equal(program.step(few)["dw"], program.step(arrays)["dw"])


def test_the_largest_case_has_several_chunks() -> None:
    plan = program_of("chunks").plan
    rows = [dict(zip(field_names(), record, strict=True)) for record in plan.records]
    assert [row["chunks"] for row in rows if row["chunks"]] == [12]
