"""Rows: which row each item stands in, and the lanes of wires that pass rows."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from netdsl.report.layout.model import Hop, Item, Level

LANE = 4.0


def rank(level: Level) -> dict[str, int]:
    """The row of each item: 1 more than the lowest of those it reads; gates of the frame first and last.

    An item that reads nothing stands just above its first reader.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(level.items)
    graph.add_edges_from((level.sources[v], t) for v, targets in level.targets.items() for t in targets)
    gates = any(item.kind == "entry" for item in level.items.values())
    order = list(nx.topological_sort(graph))
    rows: dict[str, int] = {}
    for key in order:
        floor = 1 if gates and level.items[key].kind != "entry" else 0
        rows[key] = max((rows[p] + 1 for p in graph.predecessors(key)), default=floor)
    for key in order:
        if level.items[key].kind == "box" and not graph.in_degree(key) and graph.out_degree(key):
            rows[key] = min(rows[s] for s in graph.successors(key)) - 1
    last = max((row for key, row in rows.items() if level.items[key].kind != "exit"), default=0) + 1
    return rows | {key: last for key, item in level.items.items() if item.kind == "exit"}


def add_lanes(level: Level, rows: dict[str, int]) -> tuple[Level, dict[str, int], tuple[tuple[Hop, ...], ...]]:
    """The level and rows with a lane for each value in each row that it passes, and the hops below each row."""
    items, rows = dict(level.items), dict(rows)
    hops: list[list[Hop]] = [[] for _ in range(max(rows.values(), default=0) + 1)]
    for value, source in level.sources.items():
        targets = level.targets[value]
        upper, last = source, max(rows[t] for t in targets)
        for row in range(rows[source] + 1, last + 1):
            lowers = [t for t in targets if rows[t] == row]
            if row < last:
                lane = f"\0{row}\0{value}"
                items[lane] = _lane(lane, value)
                rows[lane] = row
                lowers.append(lane)
            hops[row - 1].append(Hop(value, upper, tuple(lowers)))
            upper = lowers[-1]
    return replace(level, items=items), rows, tuple(map(tuple, hops))


def _lane(key: str, value: str) -> Item:
    return Item(key, "lane", LANE, LANE, 0, {value: 0}, {value: 0})
