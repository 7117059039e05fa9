"""Taking the last layers off a net, and putting others there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import networkx as nx

from netdsl.errors import Span, fail

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Node


def popped(net: Net, count: int, *, span: Span | None = None) -> Net:
    """The net without the last `count` layers before its output; heads that read them go too.

    Raises `NetError` N521 where there is not one output, where a layer on the way joins several values, or where fewer
    layers stand before it.
    """
    path = only_output(net, span)
    removed: set[str] = set()
    for _ in range(count):
        node = net.nodes[path]
        if len(node.inputs) > 1:
            joins = f"`{path}` joins {len(node.inputs)} values: there is no one value before it"
            raise fail("N521", f"{count} layers cannot be taken off `{net.name}`: {joins}", span=span)
        if not node.inputs or not net.nodes[node.inputs[0]].inputs:
            raise fail("N521", f"`{net.name}` has only {len(removed) + 1} layers to its output", span=span)
        removed.add(path)
        (path,) = node.inputs
    heads = tuple(head for head in net.heads if removed.isdisjoint(_needs(net, head.output)))
    kept = set(net.inputs).union(_needs(net, path), *(_needs(net, head.output) for head in heads))
    for node in net:
        owners = {full.rpartition(".")[0] for _, full in node.ties}
        if node.path in kept and not owners <= kept:
            shares = f"`{node.path}` shares the tensors of `{min(owners - kept)}`, which would go"
            raise fail("N521", f"{count} layers cannot be taken off `{net.name}`: {shares}", span=span)
    return replace(
        net,
        graph=graph_of(node for node in net if node.path in kept),
        outputs={path: path},
        heads=heads,
        labels={label: target for label, target in net.labels.items() if target in kept},
        scopes=tuple(s for s in net.scopes if any(name.startswith(f"{s.path}.") for name in kept)),
    )


def joined(net: Net, tail: Net, *, span: Span | None = None) -> Net:
    """The net followed by another, whose one input has the shape of its one output. Raises `NetError` N521."""
    path, (start,) = only_output(net, span), tail.inputs
    assert tail.nodes[start].shape == net.nodes[path].shape, (tail.nodes[start].shape, net.nodes[path].shape)
    nodes = [replace(n, inputs=tuple(path if i == start else i for i in n.inputs)) for n in tail if n.path != start]
    outputs = {name: path if target == start else target for name, target in tail.outputs.items()}
    labels = {label: target for label, target in tail.labels.items() if target != start}
    return replace(
        net,
        graph=graph_of([*net, *nodes]),
        outputs=outputs,
        labels={**net.labels, **labels},
        scopes=(*net.scopes, *tail.scopes),
    )


def only_output(net: Net, span: Span | None = None) -> str:
    """The path of the one output of a net; `NetError` N521 where there are several."""
    if len(net.outputs) != 1:
        raise fail("N521", f"`{net.name}` has {len(net.outputs)} outputs: which one to cut is not said", span=span)
    return next(iter(net.outputs.values()))


def _needs(net: Net, path: str) -> set[str]:
    found: set[str] = {path, *nx.ancestors(net.graph, path)}
    return found


def graph_of(nodes: Iterable[Node]) -> nx.MultiDiGraph[str]:
    """The graph of nodes, in an order in which they can run."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    listed = list(nodes)
    graph.add_nodes_from((node.path, {"node": node}) for node in listed)
    for node in listed:
        for k, source in enumerate(node.inputs):
            graph.add_edge(source, node.path, key=k)
    return graph
