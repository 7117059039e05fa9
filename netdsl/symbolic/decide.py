"""What comparisons of symbolic sizes give, and how they restrict the symbols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm
from typing import Any, TypeVar, cast

from netdsl.symbolic.size import Floor, Number, Symbolic, at, symbols_in, terms_of, undecided
from netdsl.symbolic.symbol import Symbol, watching

MAX_PERIOD = 2**12
Real = TypeVar("Real", int, Fraction)


def largest(sizes: Iterable[Real]) -> Real:
    """The largest of sizes where one is so for all values of the symbols; otherwise the first that no number is."""
    return _extreme(tuple(sizes), 1)


def smallest(sizes: Iterable[Real]) -> Real:
    """The smallest of sizes where one is so for all values of the symbols; otherwise the first that no number is."""
    return _extreme(tuple(sizes), -1)


def _extreme(sizes: tuple[Real, ...], sign: int) -> Real:
    if not any(isinstance(n, Symbolic) for n in sizes):
        return max(sizes) if sign > 0 else min(sizes)
    for n in sizes:
        if all(always(sign * (n - other), lambda d: d >= 0) for other in sizes):
            return n
    return next(n for n in sizes if isinstance(n, Symbolic))


def always(d: Number, holds: Callable[[Number], bool]) -> bool:
    """Whether a predicate of a difference is true for all sizes that its symbol allows; false where that is unknown."""
    if not isinstance(d, Symbolic):
        return holds(d)
    line = line_of(d)
    if line is None:
        return False
    found, least = line.eventually(holds)
    return found == {True} and least <= line.symbol.least


def same(a: object, b: object) -> bool:
    """Whether sizes are equal for every value of their symbols; `Fault` N313 where they are equal for some alone."""
    if not isinstance(a, Symbolic) and not isinstance(b, Symbolic):
        return a == b
    if terms_of(a) is None or terms_of(b) is None:
        return False
    d = cast(int, a) - cast(int, b)
    if not isinstance(d, Symbolic):
        return d == 0
    if always(d, lambda n: n == 0):
        return True
    line = line_of(d)
    if line is not None and not line.ever(0):
        return False
    raise undecided(f"`{a} == {b}`", d)


@dataclass(frozen=True)
class Line:
    """A quantity linear in one symbol up to a period: its values over a period from `start`, and its rise with each."""

    symbol: Symbol
    period: int
    values: Mapping[int, Number]
    rise: Number

    def eventually(self, holds: Callable[[Number], bool]) -> tuple[set[bool], int]:
        """Whether an ordering holds for large sizes, over all remainders, and the least size from which on it is so."""
        found: set[bool] = set()
        least = 1
        for first, value in self.values.items():
            far = self._far(value)
            outcome = holds(value + far * self.rise)
            found.add(outcome)
            low, high = 0, far
            while low < high:
                middle = (low + high) // 2
                low, high = (low, middle) if holds(value + middle * self.rise) == outcome else (middle + 1, high)
            if low:
                least = max(least, first + (low - 1) * self.period + 1)
        return found, least

    def _far(self, value: Number) -> int:
        """Periods after which the sign no longer changes."""
        return int(abs(Fraction(value) / self.rise)) + 2 if self.rise else 0

    def ever(self, number: Number) -> bool:
        """Whether the quantity has a value at any allowed size."""
        for first, value in self.values.items():
            steps = (number - value) / Fraction(self.rise) if self.rise else Fraction(0)
            whole = value + steps * self.rise == number and steps >= 0 and steps.denominator == 1
            if whole and (not self.rise or first + int(steps) * self.period >= self.symbol.least):
                return True
        return False


def line_of(d: Symbolic) -> Line | None:
    """A difference as a line; None where it has products, several symbols, or too long a period."""
    found = symbols_in(d)
    if len(found) != 1 or any(len(m) > 1 for m in d.terms):
        return None
    owner = found[0]
    period = lcm(owner.period, _period(d))
    if period > MAX_PERIOD:
        return None
    starts = [n for n in range(1, period + 1) if n % owner.period in owner.residues]
    values = {n: at(d, {owner.name: n}) for n in starts}
    rise = at(d, {owner.name: starts[0] + period}) - values[starts[0]]
    return Line(owner, period, values, rise)


def _period(value: Symbolic) -> int:
    """A shift of the symbol after which all floors have risen by whole numbers."""
    floors = [atom for monomial in value.terms for atom in monomial if isinstance(atom, Floor)]
    return lcm(1, *(atom.divisor * _period(atom.inner) for atom in floors))


def restricted(d: Any, holds: Callable[[Number], bool]) -> bool:
    """Keep the sizes for which a predicate of a difference is true, where a layer is watched; false for none."""
    line = line_of(d) if isinstance(d, Symbolic) else None
    if line is None or line.rise:
        return is_ordered(d, holds)
    kept = [first for first, value in line.values.items() if holds(value)]
    place = watching()
    if kept and len(kept) < len(line.values) and place is not None:
        line.symbol.restrict(line.period, [n % line.period for n in kept], place)
    return bool(kept)


def is_equal(d: Any) -> bool:
    """Whether a difference is 0; while a layer is watched, its symbol keeps the sizes for which it is."""
    if not isinstance(d, Symbolic):
        return bool(d == 0)
    line = line_of(d)
    if line is None or line.rise:
        return False
    zeros = [first for first, value in line.values.items() if value == 0]
    place = watching()
    if zeros and len(zeros) < len(line.values) and place is not None:
        line.symbol.restrict(line.period, [n % line.period for n in zeros], place)
        return True
    return len(zeros) == len(line.values)


def is_ordered(d: Any, holds: Callable[[Number], bool]) -> bool:
    """Whether an ordering of a difference holds; while a layer is watched, from a size on.

    Raises `Fault` N313 where that is open.
    """
    if not isinstance(d, Symbolic):
        return holds(d)
    line = line_of(d)
    if line is None:
        return _order_far(d, holds)
    found, least = line.eventually(holds)
    if len(found) > 1:
        raise undecided(f"the sign of `{d}`", d)
    place = watching()
    if place is not None:
        line.symbol.require(least, place)
    elif least > line.symbol.least:
        raise undecided(f"the sign of `{d}`", d)
    return found.pop()


def _order_far(d: Symbolic, holds: Callable[[Number], bool]) -> bool:
    """An ordering of what is no line, where it is the same for the least and for large sizes of each symbol."""
    ends = [(s.smallest, s.smallest * 2**20) for s in symbols_in(d)]
    names = [s.name for s in symbols_in(d)]
    found = {holds(at(d, dict(zip(names, sizes, strict=True)))) for sizes in product(*ends)}
    if len(found) > 1:
        raise undecided(f"the sign of `{d}`", d)
    return found.pop()
