"""Compute once for each channel what a map computes again for each pixel.

    before   y = map(x, mean, var, gamma, expression=(x0 - x1)/sqrt(x2 + 0.001)*x3)
    after    y:inner = map(var, gamma, expression=x1/sqrt(x0 + 0.001))
             y = map(x, mean, y:inner, expression=(x0 - x1)*x2)

Parts of an expression whose operands are small beside the result become a map of their own, where they hold a costly
operation, or two of any kind. Small factors of a product are gathered first.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from netdsl.compiler.passes.draft import Draft, compact
from netdsl.compiler.passes.fuse import MAX_OPERANDS, with_expression
from netdsl.ops.expression import Expression, constant, indices, node_count, rebuild, split_product
from netdsl.ops.map import broadcast
from netdsl.ops.op import BATCH, Op, Ops, Shape

RATIO = 16
COSTLY = frozenset(("div", "sqrt", "exp", "log", "log1p", "pow", "tanh", "sigmoid", "erf"))


def hoist_small_parts(program: Ops) -> Ops:
    """The program with per-channel and scalar parts of maps computed apart."""
    draft = Draft(program)
    for op in program.ops:
        for part in _Split(draft, op).ops if op.kind == "map" else [op]:
            draft.write(part)
    return draft.finish()


class _Split:
    """One map taken apart: `ops` are the maps of the small parts and the map that is left."""

    def __init__(self, draft: Draft, op: Op) -> None:
        self.draft, self.op = draft, op
        self.shape = draft.values[op.outs[0]].shape
        self.shapes = [draft.values[i].shape for i in op.ins]
        self.small = {i for i, shape in enumerate(self.shapes) if self._is_small(shape)}
        self.parts: list[Expression] = []
        left = self._visit(op["expression"])
        self.ops = [op] if not self.parts else self._finish(left)

    def _is_small(self, shape: Shape) -> bool:
        if BATCH in shape:
            return False
        if BATCH in self.shape:
            return True
        return RATIO * prod(map(int, shape)) <= prod(map(int, self.shape))

    def _worth(self, e: Expression) -> bool:
        """Whether all operands are small, together too, and there is enough to save."""
        used = indices(e)
        if not used or not used <= self.small or not e.args:
            return False
        return self._is_small(broadcast(*(self.shapes[i] for i in used))) and (_costly(e) or node_count(e) >= 2)

    def _visit(self, e: Expression) -> Expression:
        if not e.args:
            return e
        if self._worth(e):
            return self._part(e)
        if e.op in ("mul", "div"):
            factor, rest = split_product(e, lambda f: indices(f) <= self.small)
            if self._worth(factor) and rest != constant(1):
                return self._visit(rest) * self._part(factor)
        return rebuild(e.op, [self._visit(a) for a in e.args])

    def _part(self, e: Expression) -> Expression:
        if e not in self.parts:
            self.parts.append(e)
        return Expression("x", index=len(self.shapes) + self.parts.index(e))

    def _finish(self, left: Expression) -> list[Op]:
        wide = self.draft.values[self.op.outs[0]]
        made, ids = [], list(self.op.ins)
        for part in self.parts:
            expression, ins = compact(part, self.op.ins)
            shape = broadcast(*(self.draft.values[i].shape for i in ins))
            inner = self.draft.value(replace(wide, shape=shape), f"{wide.name}:inner")
            made.append(with_expression(self.draft, replace(self.op, outs=(inner.id,)), expression, ins))
            ids.append(inner.id)
        expression, ins = compact(left, ids)
        if len(ins) > max(MAX_OPERANDS, len(self.op.ins)):
            return [self.op]
        return [*made, with_expression(self.draft, self.op, expression, ins)]


def _costly(e: Expression) -> bool:
    return e.op in COSTLY or any(_costly(a) for a in e.args)
