"""Which operations of a program, as lowered, each operation of the rewritten one carries out.

    before   C = conv(x, C.weight, …)             after   R = conv(x, C.weight:folded, C:shift, …)
             B = map(C, …)
             R = map(B, …)                        R carries out conv, map and map, of the nodes C, B and R

Passes keep the ids of values that they leave in place: what stands between two values that both programs know, and is
known to the first alone, is carried out by the operation that makes the later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netdsl.ops.op import Op, Ops


def carried_out(before: Ops, after: Ops) -> dict[int, tuple[Op, ...]]:
    """For each value that `after` makes, and `before` too, the operations of `before` that are done with it."""
    made = {i: op for op in before.ops for i in op.outs}
    kept = {i for op in after.ops for i in op.outs}
    return {i: _between(i, made, kept) for i in kept if i in made}


def _between(end: int, made: Mapping[int, Op], kept: set[int]) -> tuple[Op, ...]:
    """Operations that lead to a value from others that are kept, or that no operation makes; in order."""
    found: dict[int, Op] = {}
    open_ = [end]
    while open_:
        i = open_.pop()
        if i in made and i not in found and (i == end or i not in kept):
            found[i] = made[i]
            open_ += made[i].ins
    return tuple(dict.fromkeys(found[i] for i in sorted(found)))


def tensors_behind(program: Ops, values: Iterable[int]) -> list[str]:
    """Names of the parameters and states that values depend on through operations of the phase `prepare`."""
    made = {i: op for op in program.ops for i in op.outs if op.phase == "prepare"}
    found: dict[str, None] = {}
    open_ = list(values)
    while open_:
        i = open_.pop(0)
        if program.values[i].role in ("param", "state"):
            found[program.values[i].name] = None
        elif i in made:
            open_ += made[i].ins
    return list(found)
