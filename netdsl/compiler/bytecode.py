"""An elementwise expression as words for the engine's `map` interpreter (core/kernels/nd_operations.h, *Bytecode*).

    max(x0 + x1, 0)   →   2 instructions, 1 constant | add r0, in0, in1 | max out, r0, c0 | 0.0

Equal subexpressions are computed once; a register is free again after its last reader. Of several expressions the last
instructions give the results, one each.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from netdsl.compiler.powers import with_roots
from netdsl.ops.expression import Expression

REGISTERS = 24
OUTPUT = 31
INPUT = 32
CONSTANT = 64
MAX_CONSTANTS = 64
CODES = [
    "copy",
    "neg",
    "abs",
    "exp",
    "log",
    "sqrt",
    "tanh",
    "sigmoid",
    "erf",
    "log1p",
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "max",
    "min",
    "gt",
    "ge",
    "eq",
    "where",
]


def order(*expressions: Expression) -> list[Expression]:
    """The distinct operations of expressions, operands before their readers; leaves left out."""
    found: dict[Expression, None] = {}

    def visit(e: Expression) -> None:
        if e.op in ("x", "c") or e in found:
            return
        for a in e.args:
            visit(a)
        found[e] = None

    for expression in expressions:
        visit(expression)
    return list(found)


def _constant(number: float) -> int:
    """Bits of the nearest float32; numbers beyond its range become infinities."""
    try:
        return int(struct.unpack("<i", struct.pack("<f", number))[0])
    except OverflowError:
        return int(struct.unpack("<i", struct.pack("<f", float("inf") if number > 0 else float("-inf")))[0])


def _schedule(expressions: Sequence[Expression]) -> list[Expression]:
    """The operations in order, those of the results last, one for each: a result that is needed before is copied."""
    inner = {a for e in order(*expressions) for a in e.args}
    last = [e if e.args and e not in inner else Expression("copy", (e,)) for e in expressions]
    return [e for e in order(*last) if e not in last] + last


def encode(*expressions: Expression) -> list[int]:
    """The program of one or more expressions as int32 words; asserts that it fits the interpreter's registers."""
    steps = _schedule([with_roots(e) for e in expressions])
    last = {a: k for k, e in enumerate(steps) for a in e.args}
    constants: dict[int, int] = {}
    places: dict[Expression, int] = {}
    free = list(range(REGISTERS - 1, -1, -1))
    words: list[int] = []

    def place(e: Expression) -> int:
        if e.op == "x":
            return INPUT + e.index
        if e.op == "c":
            return CONSTANT + constants.setdefault(_constant(e.number), len(constants))
        return places[e]

    for k, e in enumerate(steps):
        sources = [place(a) for a in e.args]
        for a in dict.fromkeys(e.args):
            if a in places and last[a] == k:
                free.append(places[a])
        result = k - (len(steps) - len(expressions))
        if result >= 0:
            to = OUTPUT - result
        else:
            assert free, f"more than {REGISTERS} registers: {expressions}"
            to = places[e] = free.pop()
        words += [CODES.index(e.op), to, *sources, *([0] * (3 - len(sources)))]
    assert len(constants) <= MAX_CONSTANTS, f"more than {MAX_CONSTANTS} constants: {expressions}"
    return [len(steps), len(constants), *words, *constants]
