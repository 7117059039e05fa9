"""Update each parameter as soon as its gradient is there and nobody reads the old numbers any more.

    before   gb = conv_dw(h, dy)     dh = conv_dx(dy, b)     ga = conv_dw(x, dh)     assign(b, …)     assign(a, …)
    after    gb = conv_dw(h, dy)     dh = conv_dx(dy, b)     assign(b, …)     ga = conv_dw(x, dh)     assign(a, …)

So a gradient lives for a few steps instead of to the end, and is read while it is in the cache. What hangs together, by
a common operand or because one reads what the other assigns, moves together: an update that looks at all gradients
(clipping by their norm) stays at the end. Moving statistics stay there too: nothing changes before the backward phase,
so that an interrupt within the forward phase leaves everything as it was.
"""

from __future__ import annotations

from dataclasses import replace

from netdsl.ops.op import Op, Ops


def update_early(program: Ops) -> Ops:
    """The program with each group of updates right behind the last operation that it waits for."""
    backward = next((k for k, op in enumerate(program.ops) if op.phase == "backward"), None)
    if backward is None:
        return program
    waiting: dict[int, list[Op]] = {}
    for after, group in _groups(program):
        place = after if after >= backward else len(program.ops)
        waiting.setdefault(place, []).extend(group)
    ops: list[Op] = []
    for k, op in enumerate(program.ops):
        if op.phase != "update":
            ops.append(op)
        ops += waiting.get(k, ())
    ops += waiting.get(len(program.ops), ())
    return replace(program, ops=tuple(ops))


def _groups(program: Ops) -> list[tuple[int, list[Op]]]:
    """The updates that hang together, in order, each with the last other operation that they wait for."""
    late = [op for op in program.ops if op.phase == "update"]
    assigned = {op.ins[0] for op in late if op.kind == "assign"}
    parent = list(range(len(late)))

    def find(k: int) -> int:
        while parent[k] != k:
            parent[k] = k = parent[parent[k]]
        return k

    first: dict[int, int] = {}
    for k, op in enumerate(late):
        for i in (*op.outs, *(i for i in op.ins if i in assigned or i in first)):
            parent[find(k)] = find(first.setdefault(i, k))
    made = {i: k for k, op in enumerate(program.ops) if op.phase != "update" for i in op.outs}
    read = {i: k for k, op in enumerate(program.ops) if op.phase != "update" for i in op.ins}
    members: dict[int, list[Op]] = {}
    for k, op in enumerate(late):
        members.setdefault(find(k), []).append(op)
    return [(max(_waits(group, made, read), default=0), group) for group in members.values()]


def _waits(group: list[Op], made: dict[int, int], read: dict[int, int]) -> list[int]:
    """Where the operands are made, and where the old numbers of what is assigned are read."""
    operands = [made[i] for op in group for i in op.ins if i in made]
    return operands + [read[op.ins[0]] for op in group if op.kind == "assign" and op.ins[0] in read]
