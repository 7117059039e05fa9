"""An elementwise expression as words for the engine's `map` interpreter (core/kernels/nd_operations.h, *Bytecode*).

    max(x0 + x1, 0)   →   2 instructions, 1 constant | add r0, in0, in1 | max out, r0, c0 | 0.0

Equal subexpressions are computed once; a register is free again after its last reader.
"""

from __future__ import annotations

import struct

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


def order(expression: Expression) -> list[Expression]:
    """The distinct operations of an expression, operands before their readers; leaves left out."""
    found: dict[Expression, None] = {}

    def visit(e: Expression) -> None:
        if e.op in ("x", "c") or e in found:
            return
        for a in e.args:
            visit(a)
        found[e] = None

    visit(expression)
    return list(found)


def _constant(number: float) -> int:
    """Bits of the nearest float32; numbers beyond its range become infinities."""
    try:
        return int(struct.unpack("<i", struct.pack("<f", number))[0])
    except OverflowError:
        return int(struct.unpack("<i", struct.pack("<f", float("inf") if number > 0 else float("-inf")))[0])


def encode(expression: Expression) -> list[int]:
    """The program as int32 words; asserts that it fits the interpreter's registers and constants."""
    steps = order(expression)
    if not steps:
        steps = [Expression("copy", (expression,))]
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
        if k == len(steps) - 1:
            places[e] = OUTPUT
        else:
            assert free, f"more than {REGISTERS} registers: {expression}"
            places[e] = free.pop()
        words += [CODES.index(e.op), places[e], *sources, *([0] * (3 - len(sources)))]
    assert len(constants) <= MAX_CONSTANTS, f"more than {MAX_CONSTANTS} constants: {expression}"
    return [len(steps), len(constants), *words, *constants]
