"""Mask a gradient before it is spread by the gradient of max pooling, where it has fewer numbers.

    before   y = pool_max(x, …)
             dx = pool_max_dx(x, dy, …)
             dz = map(x, dx, expression=where(gt(x0, 0), x1, 0))
    after    y = pool_max(x, …)
             dy:masked = map(y, dy, expression=where(gt(x0, 0), x1, 0))
             dz = pool_max_dx(x, dy:masked, …)

A window gives its gradient to its maximum, and that is y: a test of x there is a test of y. Where a ReLU stands before
the pool, the map of the larger array goes, and the smaller one becomes an epilogue of the convolution that makes dy.
"""

from __future__ import annotations

from dataclasses import replace

from netdsl.compiler.passes.draft import Draft
from netdsl.ops.expression import compare, constant, operands, substitute, where
from netdsl.ops.op import Op, Ops


def mask_before_pools(program: Ops) -> Ops:
    """The program with masks of pooled gradients moved to the other side of the pool."""
    pooled = {_window(op): op.outs[0] for op in program.ops if op.kind == "pool_max"}
    draft = Draft(program)
    for op in program.ops:
        pool = _masked_pool(draft, op)
        y = None if pool is None else pooled.get(_window(pool))
        if pool is None or y is None or draft.order(y) < 0:
            draft.write(op)
            continue
        dy = draft.values[pool.ins[1]]
        masked = draft.value(dy, f"{dy.name}:masked")
        places = operands(2)
        swapped = [places[0] if i == pool.ins[0] else places[1] for i in op.ins]
        attrs = (("expression", substitute(op["expression"], swapped)),)
        draft.remove(pool)
        draft.write(Op("map", (y, dy.id), (masked.id,), attrs, op.phase, op.origin))
        draft.write(replace(pool, ins=(pool.ins[0], masked.id), outs=op.outs))
    return draft.finish()


def _window(op: Op) -> tuple[object, ...]:
    return op.ins[0], op.attrs


def _masked_pool(draft: Draft, op: Op) -> Op | None:
    """The gradient of max pooling that a map masks by a test of the pool's input against a number, if it is one."""
    if op.kind != "map" or len(op.ins) != 2 or op["expression"].op != "where":
        return None
    places = operands(2)
    for at, i in enumerate(op.ins):
        pool = draft.producer(i)
        if pool is None or pool.kind != "pool_max_dx" or not draft.private(i) or pool.ins[0] != op.ins[1 - at]:
            continue
        test = op["expression"].args[0]
        bound = test.args[1] if test.op == "gt" else None
        if bound is None or bound.op != "c" or pool.phase != op.phase:
            continue
        mask = where(compare("gt", places[1 - at], bound), places[at], constant(0))
        if op["expression"] == mask:
            return pool
    return None
