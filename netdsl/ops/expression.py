"""Elementwise expressions: the body of a `map`, with its text and its value in NumPy.

`x, b = operands(2); max_(x + b, 0.0)` prints as `max(x0 + x1, 0)`. Comparisons give 1.0 or 0.0. `max` and
`min` propagate NaN. Activations, merges, normalisation, losses, regularisers and optimiser updates are all written so,
and differentiated (`derivative.py`), so that no layer has a backward of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

UNARY = ("neg", "abs", "exp", "log", "sqrt", "tanh", "sigmoid", "erf", "log1p")
BINARY = ("add", "sub", "mul", "div", "pow", "max", "min", "gt", "ge", "eq")
_ARITHMETIC = ("add", "sub", "mul", "div", "pow")
_INFIX = {"add": (" + ", 1), "sub": (" - ", 1), "mul": ("*", 2), "div": ("/", 2), "pow": ("**", 4)}


@dataclass(frozen=True, slots=True)
class Expression:
    """A node: `op` is `x` (operand `index`), `c` (constant `number`), one of UNARY or BINARY, or `where`."""

    op: str
    args: tuple[Expression, ...] = ()
    index: int = 0
    number: float = 0.0

    def __add__(self, other: Operand) -> Expression:
        return _binary("add", self, other)

    def __radd__(self, other: Operand) -> Expression:
        return _binary("add", other, self)

    def __sub__(self, other: Operand) -> Expression:
        return _binary("sub", self, other)

    def __rsub__(self, other: Operand) -> Expression:
        return _binary("sub", other, self)

    def __mul__(self, other: Operand) -> Expression:
        return _binary("mul", self, other)

    def __rmul__(self, other: Operand) -> Expression:
        return _binary("mul", other, self)

    def __truediv__(self, other: Operand) -> Expression:
        return _binary("div", self, other)

    def __rtruediv__(self, other: Operand) -> Expression:
        return _binary("div", other, self)

    def __pow__(self, other: Operand) -> Expression:
        return _binary("pow", self, other)

    def __neg__(self) -> Expression:
        return unary("neg", self)

    def __str__(self) -> str:
        return _format(self, 0)

    @property
    def arity(self) -> int:
        """One more than the largest operand index."""
        return self.index + 1 if self.op == "x" else max((a.arity for a in self.args), default=0)


Operand = Expression | float | int


def operands(count: int) -> tuple[Expression, ...]:
    """The operands x0 … of a map."""
    return tuple(Expression("x", index=i) for i in range(count))


def constant(number: float) -> Expression:
    """A number as an expression."""
    return Expression("c", number=float(number))


def _lift(value: Operand) -> Expression:
    return value if isinstance(value, Expression) else constant(value)


def unary(op: str, a: Operand) -> Expression:
    """`abs`, `exp`, `log`, `sqrt`, `tanh`, `sigmoid`, `erf`, `log1p` or `neg` of an expression."""
    assert op in UNARY, op
    a = _lift(a)
    if op == "neg" and a.op == "c":
        return constant(-a.number)
    if op == "neg" and a.op == "neg":
        return a.args[0]
    return Expression(op, (a,))


def max_(a: Operand, b: Operand) -> Expression:
    """The larger of two, NaN where either is NaN."""
    return Expression("max", (_lift(a), _lift(b)))


def min_(a: Operand, b: Operand) -> Expression:
    """The smaller of two, NaN where either is NaN."""
    return Expression("min", (_lift(a), _lift(b)))


def compare(op: str, a: Operand, b: Operand) -> Expression:
    """1.0 where `a > b` (`gt`), `a >= b` (`ge`) or `a == b` (`eq`), else 0.0."""
    return Expression(op, (_lift(a), _lift(b)))


def where(condition: Expression, a: Operand, b: Operand) -> Expression:
    """`a` where the condition is not 0, else `b`."""
    a, b = _lift(a), _lift(b)
    if condition.op == "c":
        return a if condition.number else b
    return a if a == b else Expression("where", (condition, a, b))


def _binary(op: str, a: Operand, b: Operand) -> Expression:
    """Build with the identities that derivatives need: x+0, x·0, x·1, x/1, x**1, constants folded."""
    a, b = _lift(a), _lift(b)
    zero, one = constant(0), constant(1)
    if a.op == "c" and b.op == "c" and op in ("add", "sub", "mul"):
        return constant({"add": a.number + b.number, "sub": a.number - b.number, "mul": a.number * b.number}[op])
    if op in ("add", "sub") and b == zero:
        return a
    if op == "add" and a == zero:
        return b
    if op == "sub" and a == zero:
        return unary("neg", b)
    if op == "mul" and zero in (a, b):
        return zero
    if op in ("mul", "div", "pow") and b == one:
        return a
    if op == "mul" and a == one:
        return b
    if op == "mul" and (a, b).count(constant(-1)) == 1:
        return unary("neg", b if a == constant(-1) else a)
    if op == "div" and a == zero:
        return zero
    return Expression(op, (a, b))


def rebuild(op: str, args: Sequence[Expression]) -> Expression:
    """An inner node with these arguments, simplified as the constructors do."""
    if op == "where":
        return where(*args)
    if op in _ARITHMETIC:
        return _binary(op, *args)
    return unary(op, *args) if op in UNARY else Expression(op, tuple(args))


def substitute(expression: Expression, replacements: Sequence[Expression]) -> Expression:
    """The expression with operand i replaced by `replacements[i]`."""
    done: dict[Expression, Expression] = {}

    def visit(e: Expression) -> Expression:
        if e.op == "x":
            return replacements[e.index]
        if not e.args:
            return e
        if e not in done:
            done[e] = rebuild(e.op, [visit(a) for a in e.args])
        return done[e]

    return visit(expression)


def indices(expression: Expression) -> frozenset[int]:
    """Indices of the operands that occur in the expression."""
    if expression.op == "x":
        return frozenset((expression.index,))
    return frozenset(i for a in expression.args for i in indices(a))


def node_count(expression: Expression) -> int:
    """Operations in the expression, each occurrence counted."""
    return sum(node_count(a) for a in expression.args) + bool(expression.args)


def split_product(expression: Expression, kept: Callable[[Expression], bool]) -> tuple[Expression, Expression]:
    """The expression as a product of two: the factors (and divisors) that are `kept`, and the others."""
    parts = [[constant(1), constant(1)], [constant(1), constant(1)]]

    def visit(e: Expression, below: int) -> None:
        if e.op == "mul" or (e.op == "div" and not below):
            visit(e.args[0], below)
            visit(e.args[1], below or int(e.op == "div"))
        elif e.op == "neg":
            parts[kept(constant(-1))][0] *= -1
            visit(e.args[0], below)
        else:
            parts[kept(e)][below] *= e

    visit(expression, 0)
    others, chosen = (above / below for above, below in parts)
    return chosen, others


def evaluate(expression: Expression, arrays: Sequence[Array]) -> Array:
    """The value in NumPy, in the arrays' dtype; operands broadcast."""
    import numpy as np

    dtype = np.result_type(*arrays) if len(arrays) else np.dtype(np.float64)
    done: dict[Expression, Any] = {}

    def visit(e: Expression) -> Any:
        if e not in done:
            done[e] = _apply(np, e, [visit(a) for a in e.args], arrays, dtype)
        return done[e]

    with np.errstate(all="ignore"):
        return np.asarray(visit(expression), dtype)


def _apply(np: Any, e: Expression, a: list[Any], arrays: Sequence[Array], dtype: Any) -> Any:
    if e.op == "x":
        return arrays[e.index]
    if e.op == "c":
        return dtype.type(e.number)
    if e.op == "where":
        return np.where(a[0] != 0, a[1], a[2])
    if e.op in ("gt", "ge", "eq"):
        return {"gt": np.greater, "ge": np.greater_equal, "eq": np.equal}[e.op](a[0], a[1]).astype(dtype)
    if e.op == "sigmoid":
        return _sigmoid(np, a[0])
    if e.op == "erf":
        return _erf(np, a[0], dtype)
    names = {
        "neg": "negative",
        "sub": "subtract",
        "mul": "multiply",
        "div": "divide",
        "pow": "power",
        "max": "maximum",
        "min": "minimum",
    }
    return getattr(np, names.get(e.op, e.op))(*a)


def _sigmoid(np: Any, x: Any) -> Any:
    z = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, z) / (1 + z)


def _erf(np: Any, x: Any, dtype: Any) -> Any:
    from math import erf

    return np.vectorize(erf, otypes=[dtype])(x)


def _format(e: Expression, level: int) -> str:
    if e.op == "x":
        return f"x{e.index}"
    if e.op == "c":
        return repr(e.number).removesuffix(".0")
    if e.op == "neg":
        text, own = f"-{_format(e.args[0], 3)}", 3
    elif e.op in _INFIX:
        sign, own = _INFIX[e.op]
        text = _format(e.args[0], own) + sign + _format(e.args[1], own + 1)
    else:
        return f"{e.op}({', '.join(_format(a, 0) for a in e.args)})"
    return f"({text})" if own < level else text
