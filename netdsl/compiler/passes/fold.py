"""Fold what is affine in a product's result, such as batch normalisation at inference, into its weight.

    before   z = conv(x, w, …)
             y = map(z, gamma, beta, mean, var, expression=(x0 - x3)/sqrt(x4 + 0.001)*x1 + x2)
    after    w:folded = map(w, gamma, var, expression=x0*(1/sqrt(x2 + 0.001)*x1))               phase prepare
             z:shift = map(gamma, beta, mean, var, expression=-x2/sqrt(x3 + 0.001)*x0 + x1)     phase prepare
             z:folded = conv(x, w:folded, …)
             y = map(z:folded, z:shift, expression=x0 + x1)

With s and t the slope and the value at 0 of all affine maps that follow, s·(x∗w) + t = x∗(w·s) + t, s standing at the
output channel. Operations that depend on parameters, states and constants alone get the phase `prepare`: they run
once, when weights are bound. A program that assigns changes its weights as it runs, and is left as it is. What is more
than one map may hold is folded in several rounds: the next begins with the weight that the last one folded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from netdsl.compiler.passes.draft import Draft, compact, inline
from netdsl.compiler.passes.fuse import MAX_NODES, MAX_OPERANDS
from netdsl.ops.derivative import derivative
from netdsl.ops.expression import Expression, constant, indices, node_count, operands, substitute
from netdsl.ops.op import Op, Ops

Affine = tuple[Op, Expression, tuple[int, ...]]


def fold_weights(program: Ops) -> Ops:
    """The program with slopes folded into weights, and the phase `prepare` on what depends on weights alone."""
    if any(op.kind == "assign" for op in program.ops):
        return program
    program, folded = _fold_once(mark_prepared(program))
    while folded:
        program, folded = _fold_once(program)
    return program


def _fold_once(program: Ops) -> tuple[Ops, int]:
    """The program with one chain of each product folded, and how many there were."""
    static = {i for i, v in program.values.items() if v.role in ("param", "state", "const")}
    static.update(i for op in program.ops if op.phase == "prepare" for i in op.outs)
    reader = {i: op for op in program.ops for i in op.ins}
    draft = Draft(program)
    done: set[int] = set()
    folded = 0
    for op in program.ops:
        if op.outs[0] in done:
            continue
        chain = _affine_chain(draft, op, reader, static)
        if chain is None:
            draft.write(op)
            continue
        done.update(_outs_between(op, chain[0], reader))
        _write_folded(draft, op, *chain)
        folded += 1
    return draft.finish(), folded


def mark_prepared(program: Ops) -> Ops:
    """The program with what depends on parameters, states and constants alone in front, in the phase `prepare`."""
    static = {i for i, v in program.values.items() if v.role in ("param", "state", "const")}
    early, rest = [], []
    for op in program.ops:
        if op.ins and all(i in static for i in op.ins) and not any(program.values[i].batched for i in op.outs):
            static.update(op.outs)
            early.append(replace(op, phase="prepare"))
        else:
            rest.append(op)
    return replace(program, ops=(*early, *rest))


def _affine_chain(draft: Draft, product: Op, reader: Mapping[int, Op], static: set[int]) -> Affine | None:
    """The last map of an affine chain with a slope other than 1, the chain up to it as one expression, its operands.

    A chain ends where it would be more than one map may hold.
    """
    if product.kind != "conv" and not (product.kind == "dot" and product["transpose"] == "none"):
        return None
    if product.ins[1] not in static or len(product.ins) > 2:
        return None
    bare = product.outs[0]
    shape = draft.values[bare].shape
    at, whole = bare, operands(1)[0]
    ins: tuple[int, ...] = (bare,)
    found: Affine | None = None
    while draft.private(at) and (op := reader[at]).kind == "map" and op.phase == product.phase:
        others = [i for i in op.ins if i != at]
        small = all(i in static and draft.values[i].shape in ((), shape[-1:]) for i in others)
        if not small or draft.values[op.outs[0]].shape != shape:
            break
        whole, ins = inline(op["expression"], op.ins, at, whole, ins)
        if bare not in ins or len(ins) > MAX_OPERANDS or node_count(whole) > MAX_NODES:
            break
        slope = derivative(whole, ins.index(bare))
        if ins.index(bare) in indices(slope) or slope == constant(0):
            break
        at = op.outs[0]
        if slope != constant(1):
            found = op, whole, ins
    return found


def _outs_between(product: Op, last: Op, reader: Mapping[int, Op]) -> list[int]:
    """Results of the maps from a product to the last of its chain."""
    at, outs = product, []
    while at is not last:
        at = reader[at.outs[0]]
        outs.append(at.outs[0])
    return outs


def _write_folded(draft: Draft, product: Op, last: Op, whole: Expression, ins: tuple[int, ...]) -> None:
    bare, weight = draft.values[product.outs[0]], draft.values[product.ins[1]]
    place = ins.index(bare.id)
    slope, shift = derivative(whole, place), substitute(whole, _zero_at(place, len(ins)))
    folded = draft.value(weight, f"{weight.name}:folded")
    scaled = operands(len(ins) + 1)
    expression, factors = compact(
        scaled[0] * substitute(slope, scaled[1:]), (weight.id, *(i if i != bare.id else weight.id for i in ins))
    )
    draft.write(_prepared(product, expression, factors, folded.id))
    if shift == constant(0):
        draft.write(replace(product, ins=(product.ins[0], folded.id), outs=last.outs))
        return
    y = draft.value(bare, f"{bare.name}:folded")
    terms, sources = compact(shift, ins)
    x0, x1 = operands(2)
    bias = sources[0] if terms == x0 else None
    if terms.op != "c" and bias is None:
        per_channel = replace(bare, shape=bare.shape[-1:])
        bias = draft.value(per_channel, f"{bare.name}:shift").id
        attrs = (("expression", terms), ("shape", per_channel.shape))
        draft.write(replace(_prepared(product, terms, sources, bias), attrs=attrs))
    draft.write(replace(product, ins=(product.ins[0], folded.id), outs=(y.id,)))
    after = (x0 + terms, (y.id,)) if bias is None else (x0 + x1, (y.id, bias))
    draft.write(Op("map", after[1], last.outs, (("expression", after[0]),), product.phase, last.origin))


def _zero_at(place: int, count: int) -> list[Expression]:
    return [constant(0) if i == place else x for i, x in enumerate(operands(count))]


def _prepared(product: Op, expression: Expression, ins: tuple[int, ...], out: int) -> Op:
    return Op("map", ins, (out,), (("expression", expression),), "prepare", product.origin)
