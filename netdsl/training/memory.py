"""What a training takes from memory, predicted from its plans before they are given any."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from netdsl.compiler.available import available_memory, resident_memory
from netdsl.errors import fail

if TYPE_CHECKING:
    from netdsl.compiler.plan import Plan
    from netdsl.training.job import Learner

GIB, MIB = 2**30, 2**20


@dataclass(frozen=True)
class Memory:
    """Bytes: what the process has `now`, with data and net, the most that it `had`, what the training will `add`."""

    now: int
    had: int
    add: int

    @property
    def peak(self) -> int:
        """The most that the process will have had when the training ends."""
        return max(self.had, self.now + self.add)


def predicted(programs: Learner, *, held: int = 0) -> Memory:
    """What a training will take: arenas, tensors with gradients and slots, batches, and results of its plans.

    `held` bytes of the tensors are in memory already, and move. The largest tensor is there twice while it is saved.
    """
    add = programs.bytes + max(_tensors(programs).values(), default=0) - held
    return Memory(*resident_memory(), max(add, 0))


def _tensors(programs: Learner) -> dict[str, int]:
    """The bytes of each tensor and slot."""
    bound = (b for plan in programs.plans for b in plan.bindings if b.role in ("param", "state"))
    return {b.name: 4 * prod(b.shape) for b in bound}


def bytes_beside(plan: Plan) -> int:
    """Bytes that a program that measures needs beside one that learns, which has the same weights in panels."""
    shared = (b for b in plan.bindings if b.role in ("param", "state") and not b.layout.canonical)
    return plan.bytes - 4 * sum(b.layout.length(b.shape) for b in shared)


def told(programs: Learner) -> str:
    """What a training will take, and what is available, in words."""
    needed, there = predicted(programs).add, available_memory()
    return amount(needed) + ("" if there is None else f", {amount(there)} available")


def amount(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / GIB:,.1f} GiB" if count >= GIB else f"{count / MIB:,.1f} MiB"


def check_memory(programs: Learner, *, held: int = 0) -> None:
    """`NetError` N718, with both amounts, where a training will take more than the system has available."""
    needed, there = predicted(programs, held=held).add, available_memory()
    if there is None or needed <= there:
        return
    tensors = _tensors(programs)
    twice = max(tensors.values(), default=0)
    alone, room = sum(tensors.values()), there + held - twice
    advice = f"a smaller `batch` needs less; `--memory {room // MIB}M` keeps less and computes it again"
    if alone > room:
        other = ", or `sgd(momentum=0)`, which keeps nothing" if any("@" in name for name in tensors) else ""
        words = f"the weights, and what the optimiser keeps of them, take {amount(alone + twice - held)} of it"
        advice = f"{words}: a smaller net needs less{other}"
    raise fail("N718", f"the training needs {amount(needed)}, {amount(there)} available", help=advice)
