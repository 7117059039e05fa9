"""Fuse the maps that follow a product into it: bias, activation and residual are applied before the result is stored.

    before   z = conv(x, w, …)
             y = map(z, b, r, expression=max(x0 + x1 + x2, 0))
    after    y = conv(x, w, b, r, epilogue=max(x0 + x1 + x2, 0), …)

The product is read by that map alone, in the same phase, and is not wanted outside; the other operands are scalars,
one number a channel, or arrays of the result's own shape. Of two products that a map adds, the later takes it in.
"""

from __future__ import annotations

from netdsl.compiler.passes.draft import Draft, inline
from netdsl.ops.expression import Expression, node_count, operands, substitute
from netdsl.ops.op import Op, Ops

MAX_EXTRA = 4
MAX_NODES = 32


def fuse_epilogues(program: Ops) -> Ops:
    """The program with maps merged into the products that they follow."""
    draft = Draft(program)
    for op in program.ops:
        draft.write(op if op.kind != "map" else _attach(draft, op))
    return draft.finish()


def _attach(draft: Draft, op: Op) -> Op:
    """The product that does the map's work too, or the map as it is."""
    for i in sorted(set(op.ins), key=draft.order, reverse=True):
        product = draft.producer(i)
        if product is None or not _is_product(product) or not _fits(draft, op, i, product):
            continue
        expression, extra = _merge(op, i, product)
        if len(extra) > MAX_EXTRA or node_count(expression) > MAX_NODES:
            continue
        attrs = dict(product.attrs) | {"epilogue": expression}
        ins = (*product.ins[:2], *extra)
        fused = Op(product.kind, ins, op.outs, tuple(sorted(attrs.items())), op.phase, product.origin)
        draft.reread(op, fused)
        draft.remove(product)
        return fused
    return op


def _is_product(op: Op) -> bool:
    return op.kind in ("conv", "conv_dx") or (op.kind == "dot" and op["transpose"] != "a")


def _fits(draft: Draft, op: Op, i: int, product: Op) -> bool:
    shape = draft.values[i].shape
    others = {draft.values[j].shape for j in op.ins if j != i}
    return (
        product.phase == op.phase
        and shape == draft.values[op.outs[0]].shape
        and others <= {(), shape[-1:], shape}
        and draft.private(i)
        and draft.movable(i)
    )


def _merge(op: Op, i: int, product: Op) -> tuple[Expression, tuple[int, ...]]:
    """The epilogue over x0, the bare product, and the further operands."""
    bare = product.outs[0]
    inner = product.get("epilogue", operands(1)[0])
    expression, ins = inline(op["expression"], op.ins, i, inner, (bare, *product.ins[2:]))
    extra = tuple(j for j in ins if j != bare)
    places = dict(zip((bare, *extra), operands(1 + len(extra)), strict=True))
    return substitute(expression, [places[j] for j in ins]), extra
