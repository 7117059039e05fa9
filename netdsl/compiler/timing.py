"""How long runs of a program take, and what this machine could do at most."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netdsl.compiler.assemble import assemble
from netdsl.compiler.program import Program, kernel_table
from netdsl.graph.weights import Weights
from netdsl.ops.op import BATCH, Build

LEAST_RUNS, MOST_RUNS = 5, 1000


@dataclass(frozen=True)
class Timing:
    """Milliseconds of each of several runs, after one that is not counted."""

    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def spread(self) -> tuple[float, float]:
        """The fastest and the slowest run."""
        return min(self.milliseconds), max(self.milliseconds)


def time_runs(run: Callable[[], Any], seconds: float = 2.0) -> Timing:
    """Run for about so many seconds, at least five times and at most a thousand."""
    run()
    found: list[float] = []
    end = time.perf_counter() + seconds
    while len(found) < LEAST_RUNS or (time.perf_counter() < end and len(found) < MOST_RUNS):
        start = time.perf_counter()
        run()
        found.append(1000 * (time.perf_counter() - start))
    return Timing(tuple(found))


def random_inputs(program: Program, count: int) -> dict[str, Any]:
    """Numbers from N(0, 1) for every input of a program, and labels that are one of two classes."""
    rng = np.random.default_rng(0)
    return {
        b.name: rng.normal(size=(count, *b.shape)).astype(np.float32)
        if b.dtype == "f32"
        else rng.integers(0, 2, (count, *b.shape)).astype(np.int32)
        for b in program.plan.inputs
    }


def peak_gflops(threads: int) -> float:
    """Giga operations a second of the engine's own product where all operands stay in the cache."""
    rows, width = 3136, 256
    build = Build()
    x, w = build.input("x", (BATCH, rows, width)), build.tensor("w", (width, width), "param")
    build.outputs["y"] = build.add("dot", x, w, transpose="none").id
    plan = assemble(build.finish(), batch=1, threads=threads, table=kernel_table(None))
    program = Program(plan, Weights({"w": np.ones((width, width))}), threads)
    ones = np.ones((1, rows, width), np.float32)
    fastest = time_runs(lambda: program(ones), 0.5).spread[0]
    return gflops(rows * width * width, fastest)


def gflops(macs: int, milliseconds: float) -> float:
    """Giga operations a second, two for each multiply-add."""
    return 2 * macs / milliseconds / 1e6


def memory_mib() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def step_rows(rows: Sequence[dict[str, Any]], batch: int, peak: float) -> list[dict[str, Any]]:
    """Measured steps as a report has them: microseconds, share of all, GF/s and share of the peak, bytes and GB/s.

    Bytes are those of the operands, each read or written once.
    """
    total = sum(row["measured"] for row in rows) or 1
    found = []
    for row in rows:
        speed = gflops(row["macs"] * batch, row["measured"] / 1e6) if row["measured"] else 0.0
        found.append(
            {
                "node": row["node"],
                "kernel": row["kernel"],
                "phase": row["phase"],
                "microseconds": round(row["measured"] / 1000, 1),
                "share": round(row["measured"] / total, 4),
                "gflops": round(speed, 1),
                "of_peak": round(speed / peak, 3),
                "bytes": row["bytes"],
                "gigabytes_a_second": round(row["bytes"] / row["measured"], 1) if row["measured"] else 0.0,
            }
        )
    return found
