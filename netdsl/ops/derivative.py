"""The derivative of an elementwise expression, as an expression."""

from __future__ import annotations

from functools import lru_cache

from netdsl.ops.expression import BINARY, Expression, compare, constant, unary, where


@lru_cache(maxsize=4096)
def derivative(expression: Expression, index: int) -> Expression:
    """The derivative by operand `index`. At a kink: the derivative from below (relu'(0) = 0, |0|' = 0)."""
    op, args = expression.op, expression.args
    if op == "x":
        return constant(1.0 if expression.index == index else 0.0)
    if op in ("c", "gt", "ge", "eq"):
        return constant(0)
    d = [derivative(a, index) for a in args]
    a = args[0]
    b = args[1] if len(args) > 1 else a
    if op == "where":
        return where(a, d[1], d[2])
    if op in BINARY:
        rules = {
            "add": lambda: d[0] + d[1],
            "sub": lambda: d[0] - d[1],
            "mul": lambda: d[0] * b + a * d[1],
            "div": lambda: d[0] / b - d[1] * a / (b * b),
            "pow": lambda: _power_derivative(a, b, d[0], d[1]),
            "max": lambda: where(compare("gt", a, b), d[0], d[1]),
            "min": lambda: where(compare("gt", b, a), d[0], d[1]),
        }
        return rules[op]()
    if d[0] == constant(0):
        return d[0]
    return d[0] * _outer_derivative(expression, a)


def _power_derivative(a: Expression, b: Expression, da: Expression, db: Expression) -> Expression:
    return da * (b * a ** (b - 1)) + db * (unary("log", a) * a**b)


def _outer_derivative(expression: Expression, a: Expression) -> Expression:
    rules = {
        "neg": lambda: constant(-1),
        "abs": lambda: compare("gt", a, 0) - compare("gt", 0, a),
        "exp": lambda: expression,
        "log": lambda: 1.0 / a,
        "log1p": lambda: 1.0 / (1.0 + a),
        "sqrt": lambda: 0.5 / expression,
        "tanh": lambda: 1.0 - expression * expression,
        "sigmoid": lambda: expression * (1.0 - expression),
        "erf": lambda: 1.1283791670955126 * unary("exp", -(a * a)),
    }
    return rules[expression.op]()
