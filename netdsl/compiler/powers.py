"""Powers to quarters, written with roots and products, which cost a fraction of a power.

x**-0.75   →   1/(sqrt(x)*sqrt(sqrt(x)))         x**2   →   x*x

Within 3 units in the last place; -inf to a power that is not whole gives NaN. Others are left as they are.
"""

from __future__ import annotations

from math import floor

from netdsl.ops.expression import Expression, constant, rebuild, unary

MOST = 4.0


def with_roots(expression: Expression) -> Expression:
    """The expression with powers to multiples of 1/4, up to 4 in size, in other words; equal parts stay equal."""
    done: dict[Expression, Expression] = {}

    def visit(e: Expression) -> Expression:
        if not e.args:
            return e
        if e not in done:
            args = [visit(a) for a in e.args]
            done[e] = _power(args[0], args[1].number) if _suits(e) else rebuild(e.op, args)
        return done[e]

    return visit(expression)


def _suits(e: Expression) -> bool:
    if e.op != "pow" or e.args[1].op != "c":
        return False
    power = e.args[1].number
    return 0 < abs(power) <= MOST and float(4 * power).is_integer()


def _power(x: Expression, power: float) -> Expression:
    size = abs(power)
    root = unary("sqrt", x)
    quarters = round(4 * (size - floor(size)))
    factors = [*[x] * floor(size), *[root] * (quarters >= 2), *[unary("sqrt", root)] * (quarters % 2)]
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product if power > 0 else constant(1) / product
