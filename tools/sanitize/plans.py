"""Writes plans as files for the C driver: problems of every kernel, and whole nets as they learn.

    python plans.py FOLDER ISA...

A file holds int64 numbers: fields of a record, steps, buffers, batch, images; for each buffer (the arena first) its
fixed elements and those of an image; the records; each buffer's bytes; then what the buffers hold.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import netdsl  # noqa: E402
from kernel_cases import FAMILIES, Family, Problem  # noqa: E402
from kernel_cases.problem import prepared  # noqa: E402
from kernel_cases.steps import record  # noqa: E402
from netdsl import core  # noqa: E402
from netdsl.training.bare import SCALARS, training_arguments  # noqa: E402

Array = np.ndarray[Any, Any]
MOST_NUMBERS = 20_000  # of a problem's operands: a sanitizer is slow
NET = """
net Small {
  input image: 15x14x16
  a: conv(16, 3x3, pad=1, bias=false) | batchnorm | relu
  b: conv(17, 3x3, stride=2, pad=1, groups=1) | lrn
  m: maxpool(2x2)
  p: avgpool(2x2, stride=1) | dropout(0.5)
  out: dense(5)
}
"""


def write(
    path: Path, records: Array, sizes: list[tuple[int, int]], batch: int, n: int, arrays: list[Array | None]
) -> None:
    """One plan; the arena is full of NaN."""
    arena = np.full(sizes[0][0], np.nan, np.float32)
    held = [arena, *(np.zeros(0, np.float32) if a is None else np.ascontiguousarray(a) for a in arrays)]
    head = [records.shape[1], len(records), len(sizes), batch, n, *(number for pair in sizes for number in pair)]
    with path.open("wb") as file:
        file.write(np.array(head, np.int64).tobytes())
        file.write(np.ascontiguousarray(records, np.int64).tobytes())
        file.write(np.array([a.nbytes for a in held], np.int64).tobytes())
        for array in held:
            file.write(array.tobytes())


def chosen(family: Family) -> list[Problem]:
    """The first, the middle and the last of a family's problems that are small enough, or its smallest."""

    def numbers(problem: Problem) -> int:
        return sum(o.array.size for o in problem.operands if o is not None)

    every = [problem for _, problem in family.problems()]
    small = [p for p in every if numbers(p) <= MOST_NUMBERS] or [min(every, key=numbers)]
    return [small[0], small[len(small) // 2], small[-1]]


def write_problems(folder: Path, isa: str) -> None:
    """Three problems of every family."""
    for number, family in enumerate(FAMILIES):
        for k, problem in enumerate(chosen(family)):
            row, sizes = record(problem.kernel, problem.operands, isa, problem.fields)
            _, arrays, n = prepared(problem, isa)
            write(folder / f"{isa}-{number:02}-{k}.plan", row[None], sizes, n, n, arrays)


class Recorded(core.Engine):
    """An engine that writes each plan with its arrays before it runs it."""

    folder: Path
    count = 0

    def __init__(self, records: Array, sizes: Any, batch: int, *rest: Any) -> None:
        self.plan = records, list(sizes), batch

    def run(self, buffers: Any, n: int, threads: int, *rest: Any) -> None:
        records, sizes, batch = self.plan
        write(Recorded.folder / f"net-{Recorded.count:02}.plan", records, sizes, batch, n, list(buffers))
        Recorded.count += 1
        super().run(buffers, n, threads, *rest)


def write_nets(folder: Path, isa: str) -> None:
    """A net with most kinds of layers, and LeNet-5: a step of training each, and what they give."""
    Recorded.folder = folder
    core._engine.Engine = Recorded
    for net in (netdsl.parse(NET), netdsl.load("lenet5")):
        shape = net.nodes["image"].shape
        x = np.random.default_rng(1).normal(size=(3, *shape)).astype(np.float32)
        classes = net.nodes["out" if "out" in net.nodes else "Out"].shape[-1]
        program = netdsl.compile(net, net.initialise(1), batch=3, isa=isa, **training_arguments(net))
        program.step({"image": x, "labels": np.arange(3, dtype=np.int32) % classes}, **SCALARS)
        netdsl.compile(net, batch=3, isa=isa)(x)


def main() -> None:
    """Write the plans of the instruction sets that are named."""
    folder = Path(sys.argv[1])
    for isa in sys.argv[2:]:
        write_problems(folder, isa)
        write_nets(folder, isa)


if __name__ == "__main__":
    main()
