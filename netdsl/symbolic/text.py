"""Symbolic sizes as text, in the language's own syntax."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import lcm
from typing import cast

from netdsl.symbolic.decide import line_of
from netdsl.symbolic.size import Atom, Floor, Monomial, Number, Symbolic, summed


def text_of(value: Symbolic, spec: str = "") -> str:
    """`2*T - 4`, `(T - 5)//2 + 1`; floors that leave one remainder for all allowed sizes are exact divisions."""
    smooth = summed(({m: c} if len(m) != 1 else _smoothed(m[0], c) for m, c in value.terms.items()))
    if not isinstance(smooth, Symbolic):
        return format(smooth, spec)
    smooth = _gathered(smooth)
    scale = lcm(1, *(Fraction(c).denominator for c in smooth.terms.values()))
    if scale == 1:
        return _written(smooth.terms, spec)
    if any(isinstance(atom, Floor) for monomial in smooth.terms for atom in monomial):
        return _written(value.terms, spec)
    whole = _written({m: int(c * scale) for m, c in smooth.terms.items()}, spec)
    return f"{whole}//{scale}" if whole.isidentifier() else f"({whole})//{scale}"


def _gathered(value: Symbolic) -> Symbolic:
    """`(T + 1)//2 - 2` as `(T - 3)//2`, where nothing else is added."""
    (monomial, coefficient), *rest = sorted(value.terms.items(), key=lambda item: -len(item[0]))
    if len(rest) == 1 and not rest[0][0] and len(monomial) == 1 and isinstance(monomial[0], Floor):
        steps, left = divmod(rest[0][1], coefficient)
        if not left:
            inner = monomial[0].inner + int(steps) * monomial[0].divisor
            return Symbolic({(Floor(inner, monomial[0].divisor),): coefficient})
    return value


def _smoothed(atom: Atom, coefficient: Number) -> Mapping[Monomial, Number]:
    if isinstance(atom, Floor):
        line = line_of(atom.inner)
        rests = {value % atom.divisor for value in line.values.values()} if line else set()
        if line and len(rests) == 1 and line.rise % atom.divisor == 0:
            exact = (atom.inner - rests.pop()) * Fraction(coefficient, atom.divisor)
            return cast(Symbolic, exact).terms
    return {(atom,): coefficient}


def _written(terms: Mapping[Monomial, Number], spec: str) -> str:
    text = ""
    for monomial, coefficient in sorted(terms.items(), key=lambda item: (-len(item[0]), _monomial_text(item[0]))):
        size = format(abs(coefficient), spec)
        if monomial:
            alone = len(monomial) == 1 and (coefficient == 1 or (coefficient == -1 and bool(text)))
            size = (
                _monomial_text(monomial, alone)
                if abs(coefficient) == 1
                else f"{size}*{_monomial_text(monomial, alone)}"
            )
        sign = "-" if coefficient < 0 else "+"
        text = f"{text} {sign} {size}" if text else f"-{size}" if coefficient < 0 else size
    return text


def _monomial_text(monomial: Monomial, alone: bool = True) -> str:
    texts = (str(atom) for atom in monomial)
    return "*".join(text if alone or text.isidentifier() else f"({text})" for text in texts)
