"""Freezing: which nodes keep their numbers while the others learn.

A frozen node's tensors are not differentiated for, so that nothing below the lowest node that learns costs a backward
pass. A frozen batch norm runs on its stored statistics, in training too, and leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import networkx as nx

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Node
    from netdsl.graph.pattern import Pattern


def frozen(net: Net, freeze: Iterable[Pattern], unfreeze: Iterable[Pattern] = ()) -> Net:
    """The net with the nodes of `freeze` frozen and those of `unfreeze` not; others stay as they are.

    Nodes that share tensors are frozen together. Raises `NetError` N520 for a pattern that matches no node.
    """
    chosen = {node.path for node in net if node.frozen}
    for pattern in freeze:
        chosen.update(pattern.nodes(net))
    for pattern in unfreeze:
        chosen.difference_update(pattern.nodes(net))
    chosen = _with_sharers(net, chosen)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_nodes_from((node.path, {"node": replace(node, frozen=node.path in chosen)}) for node in net)
    graph.add_edges_from(net.graph.edges(keys=True))
    return replace(net, graph=graph)


def on_stored_statistics(net: Net, node: Node) -> bool:
    """Whether a node has moving statistics and, being frozen, computes with them in training too."""
    return node.frozen and any(param.role == "state" for param in net.node_params(node.path))


def _with_sharers(net: Net, chosen: set[str]) -> set[str]:
    groups = [{node.path, *(full.rpartition(".")[0] for _, full in node.ties)} for node in net if node.ties]
    while True:
        grown = chosen.union(*(group for group in groups if not group.isdisjoint(chosen)))
        if grown == chosen:
            return chosen
        chosen = grown
