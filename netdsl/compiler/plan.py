"""The third level: the steps of one device, immutable, ready for one call.

A plan says, for each step, the kernel and where its operands lie: in the arena (buffer 0) or in a *bound* buffer,
whose address is given at each run: inputs, outputs, parameters, states, the scalars, the constants, and what was
prepared from the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.compiler.layout import DENSE, Layout

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class KernelTable:
    """The engine's names for one instruction set: rows of its kernel table and columns of a record."""

    isa: str
    kernels: Mapping[str, int]
    fields: Mapping[str, int]


@dataclass(frozen=True)
class Binding:
    """A bound buffer. `shape` is without the batch; `written` says that the plan changes it."""

    name: str
    role: str
    shape: tuple[int, ...]
    dtype: str = "f32"
    batched: bool = False
    layout: Layout = DENSE
    written: bool = False


@dataclass(frozen=True)
class PlanStep:
    """One record in words: the operation it came from, its kernel, and an estimate of nanoseconds on one thread.

    `macs`: multiply-adds of one image as a direct sum would count them; 0 where the step is no product. `bytes`: its
    operands at the declared batch, each read or written once. `refused`: other ways to run it, each with why it was not
    taken. `images`: how many it works on at a time, 0 for all; `repeats`: the step that it repeats for further images.
    """

    kernel: str
    isa: str
    node: str
    phase: str
    op: str
    cost: int
    macs: int
    bytes: int
    refused: tuple[tuple[str, str], ...] = ()
    images: int = 0
    repeats: int = -1


def buffer_sizes(
    bindings: Sequence[Binding], *, arena: int, consts: int, scalars: int, prepared: int
) -> tuple[tuple[int, int], ...]:
    """Elements of each buffer, the arena first: fixed, and for each image of a run."""
    fixed = {"consts": consts, "scalars": max(scalars, 1), "prepared": max(prepared, 1)}
    bound = (
        (fixed[b.role], 0) if b.role in fixed else (0, prod(b.shape)) if b.batched else (b.layout.length(b.shape), 0)
        for b in bindings
    )
    return ((arena, 0), *bound)


@dataclass(frozen=True, eq=False)
class Plan:
    """`records` and `prepare_records` are int64 matrices, a row a step, a column a field of `core.field_names()`.

    `sizes` gives each buffer's elements as (fixed, for each image); `arena` is in elements of 4 bytes, and so is
    `prepare_arena`, which is there only while weights are prepared. `scalars` maps the numbers bound at each run to
    their types, in the order of their slots.
    """

    batch: int
    isa: str
    threads: int
    steps: tuple[PlanStep, ...]
    prepare_steps: tuple[PlanStep, ...]
    records: Array
    prepare_records: Array
    bindings: tuple[Binding, ...]
    sizes: tuple[tuple[int, int], ...]
    arena: int
    prepared_size: int
    consts: Array
    scalars: Mapping[str, str]
    prepare_arena: int = 0

    @cached_property
    def bytes(self) -> int:
        """What runs of `batch` images need: arena, tensors, inputs and outputs. Each thread's scratch comes on top."""
        return 4 * (self.prepare_arena + sum(fixed + image * self.batch for fixed, image in self.sizes))

    @cached_property
    def inputs(self) -> tuple[Binding, ...]:
        return tuple(b for b in self.bindings if b.role == "input")

    @cached_property
    def outputs(self) -> tuple[Binding, ...]:
        return tuple(b for b in self.bindings if b.role == "output")

    @cached_property
    def first_steps(self) -> tuple[int, ...]:
        """The steps that repeat no other for a further tile of images."""
        return tuple(k for k, step in enumerate(self.steps) if step.repeats < 0)

    def tiles(self, step: PlanStep) -> int:
        """How often a step is done, each time on some of the images."""
        return -(-self.batch // step.images) if step.images else 1

    @cached_property
    def described(self) -> tuple[PlanStep, ...]:
        """The steps of which `describe` tells: those that prepare weights, and those of a run, each once."""
        return (*self.prepare_steps, *(self.steps[k] for k in self.first_steps))

    def describe(self) -> list[dict[str, Any]]:
        """A row a step, those that prepare weights first, with kernel, instruction set, threads, estimated time."""
        return [
            {
                "step": number,
                "node": step.node,
                "kernel": step.kernel,
                "isa": step.isa,
                "threads": self.threads,
                "host": False,
                "tiles": self.tiles(step),
                "nanoseconds": step.cost * self.tiles(step),
                "macs": step.macs,
                "bytes": step.bytes,
                "phase": step.phase,
                "op": step.op,
            }
            for number, step in enumerate(self.described)
        ]
