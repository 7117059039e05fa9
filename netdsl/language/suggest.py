"""The nearest known name to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from netdsl.errors import Fix

if TYPE_CHECKING:
    from netdsl.language import tree


class Nearest(TypedDict, total=False):
    """Parts of a diagnostic that propose a name."""

    fixes: tuple[Fix, ...]
    help: str


MAX_NAMES = 2000
MAX_LENGTH = 64


def nearest_path(path: str, known: Iterable[str]) -> str | None:
    """The known path that ends in `path`, else the one with the fewest edits; None if all are far."""
    paths = sorted(set(known))
    return next((one for one in paths if one.endswith(f".{path}")), None) or nearest_name(path, paths, dots=True)


def nearest_name(name: str, known: Iterable[str], *, dots: bool = False) -> str | None:
    """The known name with the fewest edits, the first in alphabetical order among equals; None if all are far.

    Names with dots, the paths of nodes, are proposed with `dots` alone.
    """
    if len(name) > MAX_LENGTH:
        return None
    allowed = max(1, (len(name) + 1) // 3)
    best: tuple[int, str] | None = None
    for other in sorted(set(known))[:MAX_NAMES]:
        if other == name or abs(len(other) - len(name)) > allowed or ("." in other and not dots):
            continue
        found = (0 if other.lower() == name.lower() else distance(name, other), other)
        if found[0] <= allowed and (best is None or found < best):
            best = found
    return best[1] if best else None


def distance(a: str, b: str) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def nearest(name: tree.Name, known: Iterable[str]) -> Nearest:
    """A fix that writes the nearest known name."""
    found = nearest_name(name.text, known)
    if found is None:
        return {}
    return {"fixes": (Fix(f"`{found}`", ((name.span, found),)),), "help": f"did you mean `{found}`?"}
