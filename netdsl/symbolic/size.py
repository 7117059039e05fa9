"""A size as a sum of products of atoms: symbols, and floors such as `(T - 5)//2`.

The operators of integers work on it, so that a formula is written once. What a comparison gives is in `decide`, how a
size is written in `text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any, cast

from netdsl.errors import Fault
from netdsl.symbolic.symbol import Symbol

Number = int | Fraction
ORDERS: Mapping[str, Callable[[Number], bool]] = {
    "<": lambda d: d < 0,
    "<=": lambda d: d <= 0,
    ">": lambda d: d > 0,
    ">=": lambda d: d >= 0,
}

if TYPE_CHECKING:  # to the type checker a size like any other; at run time no integer, so that nothing passes unseen
    _Size = int
else:
    _Size = object


@dataclass(frozen=True)
class Floor:
    """The atom floor(inner/divisor)."""

    inner: Symbolic
    divisor: int

    def __str__(self) -> str:
        inner = str(self.inner)
        return f"{inner}//{self.divisor}" if inner.isidentifier() else f"({inner})//{self.divisor}"


Atom = Symbol | Floor
Monomial = tuple[Atom, ...]


class Symbolic(_Size):
    """An integer that depends on symbols: a sum of products of atoms, each with a coefficient."""

    terms: Mapping[Monomial, Number]

    if TYPE_CHECKING:

        def __new__(cls, terms: Mapping[Monomial, Number]) -> Symbolic: ...
    else:
        __slots__ = ("terms",)

        def __init__(self, terms: Mapping[Monomial, Number]) -> None:
            self.terms = terms

    # ---- arithmetic

    def __add__(self, other: Any) -> Any:
        added = terms_of(other)
        return NotImplemented if added is None else summed((self.terms, added))

    __radd__ = __add__

    def __neg__(self) -> Any:
        return summed(({m: -c for m, c in self.terms.items()},))

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if terms_of(other) is None else self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return NotImplemented if terms_of(other) is None else -self + other

    def __mul__(self, other: Any) -> Any:
        factors = terms_of(other)
        if factors is None:
            return NotImplemented
        products = ({_join(a, b): x * y} for a, x in self.terms.items() for b, y in factors.items())
        return summed(products)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        if isinstance(other, Fraction | Symbolic) or terms_of(other) is None or not other:
            raise undecided(f"`({self})//({other})`", self)
        return _floor(-self, -other) if other < 0 else _floor(self, other)

    def __mod__(self, other: Any) -> Any:
        return self - self // other * other

    def __truediv__(self, other: Any) -> Any:
        whole = self // other
        if terms_of(whole * other) != self.terms:
            raise Fault("N313", f"`{self} / {other}` is not whole for every {names_in(self)}", help="`//` rounds down")
        return whole

    def __rfloordiv__(self, other: Any) -> Any:
        raise undecided(f"`{other}//({self})`", self)

    __rmod__ = __rtruediv__ = __rfloordiv__

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if not isinstance(other, int) or not 0 <= other <= 8:
            raise undecided(f"`({self})**{other}`", self)
        result: Any = 1
        for _ in range(other):
            result = result * self
        return result

    def __ceil__(self) -> Any:
        return -(-self // 1)

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def __bool__(self) -> bool:
        return True

    # ---- comparisons

    def __eq__(self, other: object) -> bool:
        terms = terms_of(other)
        if terms is None:
            return False
        if terms == self.terms:
            return True
        from netdsl.symbolic.decide import is_equal

        return is_equal(self - cast(int, other))

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __lt__(self, other: Any) -> bool:
        return _ordered(self - other, "<")

    def __le__(self, other: Any) -> bool:
        return _ordered(self - other, "<=")

    def __gt__(self, other: Any) -> bool:
        return _ordered(self - other, ">")

    def __ge__(self, other: Any) -> bool:
        return _ordered(self - other, ">=")

    # ---- text

    def __str__(self) -> str:
        return format(self)

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        from netdsl.symbolic.text import text_of

        return text_of(self, spec)


def _ordered(difference: Any, symbol: str) -> bool:
    from netdsl.symbolic.decide import is_ordered

    return is_ordered(difference, ORDERS[symbol])


def symbol(name: str) -> int:
    """A new symbol as a size."""
    return Symbolic({(Symbol(name),): 1})


def is_symbolic(value: object) -> bool:
    """Whether a size depends on a symbol."""
    return isinstance(value, Symbolic)


def symbols_in(*values: object) -> tuple[Symbol, ...]:
    """The symbols that values depend on, tuples looked through."""
    found: dict[Symbol, None] = {}
    for value in values:
        if isinstance(value, tuple | list):
            found |= dict.fromkeys(symbols_in(*value))
        elif isinstance(value, Symbolic):
            for atom in (atom for monomial in value.terms for atom in monomial):
                found |= {atom: None} if isinstance(atom, Symbol) else dict.fromkeys(symbols_in(atom.inner))
    return tuple(found)


def names_in(*values: object) -> str:
    """Their names, for messages: `T`, or `H` and `W`."""
    return " and ".join(f"`{s.name}`" for s in symbols_in(*values))


def at(value: Any, sizes: Mapping[str, int]) -> Any:
    """A value for sizes of its symbols, by name; tuples and lists are looked through, anything else stays."""
    if isinstance(value, tuple | list):
        items = [at(item, sizes) for item in value]
        return items if isinstance(value, list) else type(value)(items)
    if not isinstance(value, Symbolic):
        return value
    total: Number = 0
    for monomial, coefficient in value.terms.items():
        for atom in monomial:
            coefficient *= sizes[atom.name] if isinstance(atom, Symbol) else at(atom.inner, sizes) // atom.divisor
        total += coefficient
    return _plain(total)


# ---- sums of products


def _plain(number: Number) -> Number:
    return int(number) if isinstance(number, Fraction) and number.denominator == 1 else number


def terms_of(value: object) -> Mapping[Monomial, Number] | None:
    """A number as a sum; None for what is none."""
    if isinstance(value, Symbolic):
        return value.terms
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        return None
    return {(): value} if value else {}


def summed(parts: Iterable[Mapping[Monomial, Number]]) -> Any:
    """A sum of sums; a number where no symbol is left."""
    total: dict[Monomial, Number] = {}
    for part in parts:
        for monomial, coefficient in part.items():
            total[monomial] = _plain(total.get(monomial, 0) + coefficient)
    kept = {m: c for m, c in total.items() if c}
    return kept.get((), 0) if not kept.keys() - {()} else Symbolic(kept)


def _join(a: Monomial, b: Monomial) -> Monomial:
    return tuple(sorted(a + b, key=str)) if a and b else a or b


def _floor(value: Any, divisor: int) -> Any:
    """floor(value/divisor), what divides taken out; floor((floor(x/m) + b)/n) is floor((x + b·m)/(m·n))."""
    if not isinstance(value, Symbolic):
        return value // divisor
    scale = lcm(*(Fraction(c).denominator for c in value.terms.values()))
    if scale > 1:
        return _floor(value * scale, divisor * scale)
    coefficients = {m: int(c) for m, c in value.terms.items()}
    if all(c < 0 for m, c in coefficients.items() if m):
        return -_floor(-value + (divisor - 1), divisor)
    whole = summed(({m: c // divisor for m, c in coefficients.items()},))
    rest = {m: c % divisor for m, c in coefficients.items() if c % divisor}
    constant = rest.pop((), 0)
    if not rest:
        return whole
    common = gcd(divisor, *rest.values())
    if common > 1:
        return whole + _floor(
            summed(({m: c // common for m, c in rest.items()}, {(): constant // common})), divisor // common
        )
    (monomial, one), *others = rest.items()
    if not others and one == 1 and len(monomial) == 1 and isinstance(monomial[0], Floor):
        inner = monomial[0]
        return whole + _floor(inner.inner + constant * inner.divisor, inner.divisor * divisor)
    return whole + Symbolic({(Floor(summed((rest, {(): constant})), divisor),): 1})


def undecided(what: str, value: object) -> Fault:
    """The complaint about what the symbols of a value leave open."""
    names = names_in(value)
    flags = " ".join(f"-p {s.name}=…" for s in symbols_in(value))
    return Fault("N313", f"{what} depends on {names}", help=f"`{flags}` sets a size")
