"""Compute values of the forward phase again where the backward phase reads them, instead of keeping them.

    before   h = map(x, expression=tanh(x0))     y = dot(h, w)     …     dw = dot(h, dy, transpose=a)
    after    h = map(x, expression=tanh(x0))     y = dot(h, w)     …     h:again = map(x, expression=tanh(x0))
                                                                         dw = dot(h:again, dy, transpose=a)

What is dropped is made again before its first reader behind the forward phase, from operands that are kept or made
again themselves (Chen et al. 2016, "Training deep nets with sublinear memory cost"); later readers share it. Operations
have no effect but `assign`, and random numbers depend on their counters alone, so the bits are the same.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from netdsl.ops.op import Op, Ops, Value

FORWARD = ("prepare", "forward")


def recompute(program: Ops, dropped: Set[int] = frozenset()) -> Ops:
    """The program in which no value of `dropped`, all of them made in the forward phase, is read behind it."""
    again = _Again(program, dropped)
    for op in program.ops:
        if op.phase in FORWARD:
            again.ops.append(op)
            continue
        ins = tuple(again.read(i) for i in op.ins)
        again.ops.append(replace(op, ins=ins))
    return replace(program, ops=tuple(again.ops), values=again.values)


class _Again:
    """The operations written so far, and what has been made again."""

    def __init__(self, program: Ops, dropped: Set[int]) -> None:
        self.values: dict[int, Value] = dict(program.values)
        self.ops: list[Op] = []
        self.dropped = dropped
        self.maker = {i: op for op in program.ops if op.phase in FORWARD for i in op.outs}
        self.made: dict[int, int] = {}

    def read(self, i: int) -> int:
        """The value to read for value i."""
        waiting = [i]
        while waiting:
            if not self._lacking(waiting[-1]):
                waiting.pop()
                continue
            op = self.maker[waiting[-1]]
            if lacking := [j for j in op.ins if self._lacking(j)]:
                waiting += lacking
                continue
            self._write(op)
        return self.made.get(i, i)

    def _lacking(self, i: int) -> bool:
        return i in self.dropped and i not in self.made

    def _write(self, op: Op) -> None:
        outs = []
        for i in op.outs:
            value = self.values[i]
            made = Value(len(self.values), value.shape, value.dtype, value.role, f"{value.name}:again")
            self.values[made.id] = made
            self.made[i] = made.id
            outs.append(made.id)
        ins = tuple(self.made.get(i, i) for i in op.ins)
        self.ops.append(replace(op, ins=ins, outs=tuple(outs), phase="backward"))
