"""How much of the input a node's elements see: the standard recurrence, over all paths.

A window of kernel k (dilated), stride s on a value of field r and jump j sees r' = r + (k - 1)·j; its jump is j' = j·s
(Araujo et al. 2019). Where paths meet, the field is that of the path that sees most. A dense layer or a
global pool is one window over the whole map. Fields are not cut at the border of the image, so they may exceed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from netdsl.symbolic.decide import largest

if TYPE_CHECKING:
    import networkx as nx

    from netdsl.graph.net import Node

Field = tuple[tuple[Fraction, Fraction], ...]
"""For each spatial axis: the field in input pixels, and the jump, the distance of neighbours in input pixels."""


def receptive_fields(graph: nx.MultiDiGraph[str]) -> dict[str, tuple[int, ...]]:
    """The field of every node, one number for each spatial axis of the input; () where the input is a vector."""
    _, fields = _walked(graph)
    return {path: tuple(ceil(size) for size, _ in field) for path, field in fields.items()}


def jumps(graph: nx.MultiDiGraph[str], path: str) -> tuple[Fraction, ...]:
    """The distance of neighbours of a node on each axis, in pixels of the input: 1 where nothing was sampled down."""
    return tuple(jump for _, jump in _walked(graph)[1][path])


def field_derivations(graph: nx.MultiDiGraph[str], path: str) -> tuple[str, ...]:
    """How the field of a node comes about on each axis: `163 + (3 - 1)·16 = 195, neighbours 32 apart`."""
    nodes, fields = _walked(graph)
    node = nodes[path]
    if not node.inputs:
        return ()
    before = _widest([fields[p] for p in node.inputs])
    window = node.layer.window(*(nodes[p].shape for p in node.inputs))
    if window is None or len(window.kernel) != len(before):
        return ()
    parts = zip(before, fields[path], window.kernel, window.dilation, strict=True)
    return tuple(
        f"{size} + {f'{d}·' if d != 1 else ''}({k} - 1)·{jump} = {after}, neighbours {step} apart"
        for (size, jump), (after, step), k, d in parts
    )


def _walked(graph: nx.MultiDiGraph[str]) -> tuple[dict[str, Node], dict[str, Field]]:
    """The nodes of a graph, and the field and jump of each."""
    nodes: dict[str, Node] = {path: data["node"] for path, data in graph.nodes(data=True)}
    fields: dict[str, Field] = {}
    for path, node in nodes.items():
        fields[path] = _field(node, nodes, fields)
    return nodes, fields


def _field(node: Node, nodes: Mapping[str, Node], fields: Mapping[str, Field]) -> Field:
    if not node.inputs:
        return ((Fraction(1), Fraction(1)),) * (len(node.shape) - 1)
    field = _widest([fields[p] for p in node.sources])
    window = node.layer.window(*(nodes[p].shape for p in node.inputs))
    if window is None or len(window.kernel) != len(field):
        return field
    fine = window.upsample or (1,) * len(field)
    parts = zip(field, window.kernel, window.stride, window.dilation, fine, strict=True)
    return tuple((size + d * (k - 1) * jump, jump * s / u) for (size, jump), k, s, d, u in parts)


def _widest(fields: list[Field]) -> Field:
    rank = max(len(f) for f in fields)
    full = [f for f in fields if len(f) == rank]
    return tuple((largest(f[axis][0] for f in full), largest(f[axis][1] for f in full)) for axis in range(rank))
