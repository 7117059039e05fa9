"""Patterns over the paths of a net: `C1`, `conv*`, `stage[0-2].**`.

`*` stands for any characters within one part of a path, `**` for any across parts, `[0-12]` for an index in that range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from netdsl.errors import NetError, Span, escape, fail

if TYPE_CHECKING:
    from netdsl.graph.net import Net

WILD = re.compile(r"\*\*|\*|\[(\d{1,6})-(\d{1,6})\]")
MAX_WILD = 8
MAX_RANGE = 10_000


@dataclass(frozen=True)
class Pattern:
    """A pattern and where it was written. Raises `NetError` N520 for one that cannot be followed."""

    text: str
    span: Span | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise fail("N520", "an empty pattern matches nothing", span=self.span)
        if len(WILD.findall(self.text)) > MAX_WILD:
            raise fail("N520", f"{self} has more than {MAX_WILD} wildcards", span=self.span)
        for low, high in self._ranges():
            if not 0 <= high - low < MAX_RANGE:
                raise fail("N520", f"{self} has the range {low} to {high}, which is none", span=self.span)

    def __str__(self) -> str:
        return f"`{escape(self.text[:80])}`"

    def found(self, text: str) -> tuple[str, ...] | None:
        """What each wildcard stands for where the whole text matches, an index without its brackets; else None."""
        match = self._regex.fullmatch(text)
        return match.groups() if match else None

    def filled(self, parts: tuple[str, ...]) -> str:
        """The pattern with its wildcards replaced in order, an index in brackets."""
        given = iter(parts)
        return WILD.sub(lambda wild: f"[{next(given)}]" if wild[1] else next(given), self.text)

    @cached_property
    def wildcards(self) -> int:
        """How many there are."""
        return len(WILD.findall(self.text))

    def nodes(self, net: Net) -> list[str]:
        """The nodes that it stands for: those whose path matches, or a scope or family that they are in.

        Raises `NetError` N520 where there is none, with the nearest path.
        """
        found = [path for path in net.nodes if any(self._regex.fullmatch(name) for name in _names(path))]
        if not found:
            raise self.nothing(net)
        return found

    def nothing(self, net: Net) -> NetError:
        """The error of a pattern that matches no node."""
        from difflib import get_close_matches

        near = get_close_matches(self.text, list(dict.fromkeys(n for path in net.nodes for n in _names(path))), 1, 0.4)
        advice = f"did you mean `{escape(near[0])}`?" if near else "`netdsl summary` lists the nodes"
        return fail("N520", f"`{net.name}` has no node {self}", span=self.span, help=advice)

    def _ranges(self) -> Iterator[tuple[int, int]]:
        return ((int(low), int(high)) for low, high in WILD.findall(self.text) if low)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        made, end = "", 0
        for wild in WILD.finditer(self.text):
            made += re.escape(self.text[end : wild.start()])
            if wild[1]:
                made += rf"\[({'|'.join(map(str, range(int(wild[1]), int(wild[2]) + 1)))})\]"
            else:
                made += "(.*)" if wild[0] == "**" else "([^.]*)"
            end = wild.end()
        return re.compile(made + re.escape(self.text[end:]), re.DOTALL)


def _names(path: str) -> Iterator[str]:
    """A path, and the scopes and families that it is in: `stage[2].conv_3`, `stage[2]`, `stage`."""
    yield path
    for end in range(len(path) - 1, 0, -1):
        if path[end] in ".[":
            yield path[:end]
