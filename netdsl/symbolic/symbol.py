"""A symbol: a name for a size, and what layers demand of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from netdsl.errors import Span

Place = tuple[str, Span | None]
_place: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def watched(path: str, span: Span | None) -> Iterator[None]:
    """Let comparisons restrict symbols, on behalf of a layer: where one holds for some sizes alone, to those."""
    token = _place.set((path, span))
    try:
        yield
    finally:
        _place.reset(token)


def watching() -> Place | None:
    """On whose behalf comparisons may restrict symbols now."""
    return _place.get()


@dataclass(frozen=True)
class Demand:
    """What a layer needs of a symbol: `T ≥ 16`, and the layer."""

    text: str
    path: str
    span: Span | None
    least: int
    period: int
    residues: frozenset[int]

    def allows(self, size: int) -> bool:
        return size >= self.least and size % self.period in self.residues

    def __str__(self) -> str:
        """`T ≥ 16 for C3, line 5`."""
        return f"{self.text} for `{self.path}`" + (f", line {self.span.line}" if self.span else "")


@dataclass(eq=False)
class Symbol:
    """A name for a size, and what is known of it: from `least` to `most`, some remainders modulo `period`."""

    name: str
    least: int = 1
    period: int = 1
    residues: frozenset[int] = frozenset((0,))
    demands: list[Demand] = field(default_factory=list)
    most: int | None = None

    def __str__(self) -> str:
        return self.name

    def allows(self, size: int) -> bool:
        within = self.least <= size and (self.most is None or size <= self.most)
        return within and size % self.period in self.residues

    @property
    def smallest(self) -> int:
        """The least size that is allowed."""
        return next(n for n in range(self.least, self.least + self.period) if n % self.period in self.residues)

    def constraints(self) -> tuple[str, ...]:
        """What is demanded, strongest last: `T ≥ 16`, `T divisible by 32`."""
        found = [] if self.period == 1 else [remainder_text(self.name, self.period, self.residues)]
        first = next(n for n in range(1, self.period + 1) if n % self.period in self.residues)
        return (*found, f"{self.name} ≥ {self.smallest}") if self.smallest > first else tuple(found)

    def require(self, least: int, place: Place) -> None:
        """Raise the least size."""
        if least > self.least:
            self.least = least
            self.demands.append(Demand(f"{self.name} ≥ {least}", *place, least, 1, frozenset((0,))))

    def bound(self, least: int, most: int, place: Place) -> None:
        """Keep the sizes between two numbers."""
        if least > self.least or self.most is None or most < self.most:
            self.least, self.most = max(least, self.least), min(most, self.most or most)
            text = f"{self.name} = {least}" if least == most else f"{self.name} from {least} to {most}"
            self.demands.append(Demand(text, *place, self.least, 1, frozenset((0,))))

    def restrict(self, period: int, residues: Iterable[int], place: Place) -> None:
        """Keep these remainders modulo a multiple of the present period."""
        self.period, self.residues = reduced(period, frozenset(residues))
        text = remainder_text(self.name, self.period, self.residues)
        self.demands.append(Demand(text, *place, 1, self.period, self.residues))


def reduced(period: int, residues: frozenset[int]) -> tuple[int, frozenset[int]]:
    """The same set of remainders modulo the least number."""
    for smaller in range(1, period):
        if period % smaller == 0:
            kept = frozenset(r % smaller for r in residues)
            if len(kept) * (period // smaller) == len(residues):
                return smaller, kept
    return period, residues


def remainder_text(name: str, period: int, residues: frozenset[int]) -> str:
    """`T divisible by 32`, `T = 16k + 12`, `T mod 48 from 17 to 32`, or `T mod 6 one of 1, 3`."""
    if residues == {0}:
        return f"{name} divisible by {period}"
    if len(residues) == 1:
        return f"{name} = {period}k + {next(iter(residues))}"
    low, high = min(residues), max(residues)
    if high - low == len(residues) - 1:
        return f"{name} mod {period} from {low} to {high}"
    return f"{name} mod {period} one of {', '.join(map(str, sorted(residues)))}"


def demands_of(symbol: Symbol) -> tuple[str, ...]:
    """What is left to say of a symbol: its strongest demands, each with its layer, or that it is any size."""
    first = next(n for n in range(1, symbol.period + 1) if n % symbol.period in symbol.residues)
    kept = [d for d in symbol.demands if d.least == symbol.least > first]
    kept += [d for d in symbol.demands if d.residues == symbol.residues and d.period == symbol.period > 1]
    return tuple(map(str, kept)) or (f"{symbol.name} is any size",)
