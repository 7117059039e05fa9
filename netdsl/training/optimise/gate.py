"""Updates that happen at some steps only: every few batches, or where all gradients are finite.

An assignment is gated by assigning the old number where the gate, a scalar, is 0:

    before   C1.weight ← new
    after    C1.weight ← new where gate, else C1.weight
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from netdsl.ops.expression import compare, operands, where
from netdsl.training.optimise.clip import sum_of_squares

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Op, Value

FINITE = "finite"


def all_finite(build: Build, gradients: Sequence[Value]) -> Value:
    """Emit 1 where the sum of the squares of all gradients is finite, else 0; it is an output of the program, too."""
    (x,) = operands(1)
    made = build.map(compare("eq", x - x, 0.0), sum_of_squares(build, gradients))
    build.outputs[FINITE] = made.id
    return made


def added_up(build: Build, pairs: Sequence[tuple[Value, Value]], finite: Value | None) -> list[tuple[Value, Value]]:
    """Emit for each parameter the slot and the sum of its gradients over the batches of a group.

    A batch whose gradients are not finite adds nothing.
    """
    found = []
    for param, gradient in pairs:
        old = build.tensor(f"{param.name}@gradient", param.shape, "state")
        total, g, gate_ = operands(3)
        if finite is None:
            found.append((old, build.map(total + g, old, gradient)))
        else:
            found.append((old, build.map(where(gate_, total + g, total), old, gradient, finite)))
    return found


def share_of(build: Build, total: Value) -> Value:
    """Emit the mean over the batches of a group: its sum times the scalar `share`."""
    x0, x1 = operands(2)
    return build.map(x0 * x1, total, build.scalar("share"))


def begin_anew(build: Build, sums: Sequence[tuple[Value, Value]], first: int) -> None:
    """Gate what is assigned from operation `first` on by the scalar `apply`, and keep the sums until then."""
    apply = build.scalar("apply")
    gate(build, apply, first)
    x, on = operands(2)
    for slot, total in sums:
        build.origin = slot.name.rpartition(".")[0]
        build.add("assign", slot, build.map(where(on, 0.0, x), total, apply))


def gate(build: Build, by: Value, first: int) -> None:
    """Gate what is assigned from operation `first` on."""
    ops = build.ops[first:]
    del build.ops[first:]
    for op in ops:
        if op.kind == "assign":
            _assign_where(build, by, op)
        else:
            build.ops.append(op)


def gate_statistics(build: Build, by: Value) -> None:
    """Gate what the forward phase assigns, moving statistics, and do it at the end."""
    found = _take(build, lambda op: op.kind == "assign" and op.phase == "forward")
    for op in found:
        _assign_where(build, by, op)


def _take(build: Build, wanted: Callable[[Op], bool]) -> list[Op]:
    found = [op for op in build.ops if wanted(op)]
    build.ops = [op for op in build.ops if not wanted(op)]
    return found


def _assign_where(build: Build, by: Value, op: Op) -> None:
    old, new = (build.values[i] for i in op.ins)
    x0, x1, on = operands(3)
    build.origin = op.origin
    build.add("assign", old, build.map(where(on, x0, x1), new, old, by))
