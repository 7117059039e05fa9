"""Separate what depends on weights alone, and give each output a value of its own.

before   C1.weight:panel = convert(C1.weight, groups=1, to=panel)
         y = conv(x, C1.weight:panel, …)
after    prepare: C1.weight:panel = convert(C1.weight, groups=1, to=panel)          run once when weights change
         main:    y = conv(x, C1.weight:panel, …)                               C1.weight:panel has the role `prepared`
"""

from __future__ import annotations

from dataclasses import replace

from netdsl.ops.expression import operands
from netdsl.ops.op import Op, Ops, Value


def split_prepared(program: Ops) -> tuple[Ops, Ops]:
    """The operations that depend on weights alone, none where every run changes weights; and the rest."""
    if any(op.kind == "assign" for op in program.ops):
        return replace(program, ops=(), inputs={}, outputs={}, gradients={}), program
    static = {i for i, v in program.values.items() if v.role in ("param", "state", "const")}
    roots = {*program.outputs.values()}
    early: list[Op] = []
    rest: list[Op] = []
    for op in program.ops:
        if op.ins and all(i in static for i in op.ins) and roots.isdisjoint(op.outs):
            static.update(op.outs)
            early.append(replace(op, phase="prepare"))
        else:
            rest.append(op)
    read = {i for op in rest for i in op.ins}
    made = {i for op in early for i in op.outs if i in read}
    values = {i: replace(v, role="prepared") if i in made else v for i, v in program.values.items()}
    first = replace(
        program, ops=tuple(early), inputs={}, outputs={program.values[i].name: i for i in sorted(made)}, gradients={}
    )
    return first, replace(program, values=values, ops=tuple(rest))


def own_outputs(program: Ops) -> Ops:
    """Copy outputs that are no values of their own; gradients become outputs by the tensor's name."""
    values, ops, outputs = dict(program.values), list(program.ops), {}
    taken: set[int] = set()
    for name, i in {**program.outputs, **program.gradients}.items():
        value, final = values[i], i
        if value.role != "temp" or i in taken:
            final = len(values)
            values[final] = Value(final, value.shape, value.dtype, "temp", f"{name}:output")
            ops.append(Op("map", (i,), (final,), (("expression", operands(1)[0]),)))
        taken.add(final)
        outputs[name] = final
    return replace(program, values=values, ops=tuple(ops), outputs=outputs, gradients={})
