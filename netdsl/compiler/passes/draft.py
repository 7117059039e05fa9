"""A program while a pass rewrites it: one walk in order, in which an operation may absorb one that stands before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from netdsl.ops.expression import Expression, indices, operands, substitute
from netdsl.ops.op import Op, Ops, Value, free_name


class Draft:
    """The operations written so far, who makes each value, and how many operations read it."""

    def __init__(self, program: Ops) -> None:
        self.program = program
        self.values: dict[int, Value] = dict(program.values)
        self.ops: list[Op | None] = []
        self.roots = {*program.outputs.values(), *program.gradients.values()}
        self.readers = Counter(i for op in program.ops for i in set(op.ins))
        self._made: dict[int, int] = {}
        self._assigned: dict[int, int] = {}
        self._names = {v.name for v in program.values.values()}

    def producer(self, i: int) -> Op | None:
        """The operation that makes a value, if it has been written."""
        at = self._made.get(i)
        return None if at is None else self.ops[at]

    def order(self, i: int) -> int:
        """Where the producer of a value stands; -1 for what no operation makes."""
        return self._made.get(i, -1)

    def movable(self, i: int) -> bool:
        """Whether the producer of a value reads nothing that was assigned after it, so that it may run now instead."""
        op, at = self.producer(i), self.order(i)
        return op is not None and all(self._assigned.get(j, -1) < at for j in op.ins)

    def private(self, i: int) -> bool:
        """Whether exactly one operation reads the value, and nobody outside wants it."""
        return self.readers[i] == 1 and i not in self.roots

    def write(self, op: Op) -> None:
        """Append an operation."""
        if op.kind == "assign":
            self._assigned[op.ins[0]] = len(self.ops)
        self._made.update((i, len(self.ops)) for i in op.outs)
        self.ops.append(op)

    def replace(self, before: Op, after: Op) -> None:
        """Put an operation in the place of one that was written, whose results it makes too."""
        at = self._made[before.outs[0]]
        self.ops[at] = after
        self._made.update((i, at) for i in after.outs)
        self.reread(before, after)

    def unchanged(self, i: int, since: Op) -> bool:
        """Whether a value was ready when that operation was written, and has not been assigned to from then on."""
        at = self._made[since.outs[0]]
        return self.order(i) < at and self._assigned.get(i, -1) < at

    def remove(self, op: Op) -> None:
        """Take back an operation that was written."""
        self.ops[self._made.pop(op.outs[0])] = None
        self.readers.subtract(set(op.ins))

    def reread(self, before: Op, after: Op) -> None:
        """Count the readers anew where an operation that is not yet written became another."""
        self.readers.subtract(set(before.ins))
        self.readers.update(set(after.ins))

    def value(self, like: Value, name: str) -> Value:
        """A new temporary of the shape of another."""
        made = Value(max(self.values) + 1, like.shape, like.dtype, "temp", free_name(name, self._names))
        self._names.add(made.name)
        self.values[made.id] = made
        return made

    def finish(self) -> Ops:
        """The rewritten program."""
        return replace(self.program, values=self.values, ops=tuple(op for op in self.ops if op is not None))


def inline(
    expression: Expression, ins: Sequence[int], at: int, inner: Expression, inner_ins: Sequence[int]
) -> tuple[Expression, tuple[int, ...]]:
    """The expression with operand value `at` replaced by another expression; each operand stands once."""
    ids = list(dict.fromkeys(j for i in ins for j in (inner_ins if i == at else (i,))))
    places = operands(len(ids))
    body = substitute(inner, [places[ids.index(i)] for i in inner_ins])
    whole = substitute(expression, [body if i == at else places[ids.index(i)] for i in ins])
    return compact(whole, ids)


def compact(expression: Expression, ins: Sequence[int]) -> tuple[Expression, tuple[int, ...]]:
    """The expression over those operands alone that it reads."""
    used = sorted(indices(expression))
    places = dict(zip(used, operands(len(used)), strict=True))
    return substitute(expression, [places.get(i, expression) for i in range(len(ins))]), tuple(ins[i] for i in used)
