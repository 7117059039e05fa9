"""Columns: items, one a row, that share a horizontal position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import networkx as nx


class Columns:
    """A partition of the items; at first each is a column by itself.

    `of` is the column of each item and `shift` its x less that of the column. Two columns are joined only where
    the order from left to right stays free of cycles.
    """

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        keys = [key for row in rows for key in row]
        self.of = {key: i for i, key in enumerate(keys)}
        self.shift = dict.fromkeys(keys, 0.0)
        self._members: dict[int, list[str]] = {i: [key] for i, key in enumerate(keys)}
        self._right: dict[int, set[int]] = defaultdict(set)
        self._left: dict[int, set[int]] = defaultdict(set)
        for row in rows:
            for a, b in pairwise(row):
                self._right[self.of[a]].add(self.of[b])
                self._left[self.of[b]].add(self.of[a])

    def join(self, upper: str, lower: str, shift: float) -> bool:
        """Put `lower` at `shift` right of `upper`; False, and nothing done, where the order forbids it."""
        keep, gone = self.of[upper], self.of[lower]
        if keep == gone or self._reaches(keep, gone) or self._reaches(gone, keep):
            return False
        moved = self.shift[upper] + shift - self.shift[lower]
        for key in self._members.pop(gone):
            self.of[key] = keep
            self.shift[key] += moved
            self._members[keep].append(key)
        for sides, backs in ((self._right, self._left), (self._left, self._right)):
            for other in sides.pop(gone, set()):
                backs[other].discard(gone)
                backs[other].add(keep)
                sides[keep].add(other)
        return True

    def order(self) -> list[int]:
        """The columns so that each comes after those on its left."""
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(self._members)
        graph.add_edges_from((a, b) for a, others in self._right.items() for b in sorted(others))
        return list(nx.lexicographical_topological_sort(graph))

    def _reaches(self, start: int, goal: int) -> bool:
        seen, open_ends = {start}, [start]
        while open_ends:
            for other in self._right.get(open_ends.pop(), ()):
                if other == goal:
                    return True
                if other not in seen:
                    seen.add(other)
                    open_ends.append(other)
        return False
