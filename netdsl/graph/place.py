"""Placing nets beside one another in one: each under a name of its own, wired and sharing tensors as is said.

nodes = [*placed(G, "G"), *placed(D, "D"), *placed(D, "fake", feeds={"image": "G.out"}, share="D")]
net = placed_net("GAN", nodes, outputs={"real": "D.out", "fake": "fake.out"})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from netdsl.graph.cut import graph_of
from netdsl.graph.net import Net

if TYPE_CHECKING:
    from netdsl.graph.net import Node


def placed(net: Net, name: str, *, feeds: Mapping[str, str] | None = None, share: str = "") -> list[Node]:
    """The nodes of a net, their paths behind `name.`.

    `feeds` gives the path of what an input reads in place of an array; shapes must agree. With `share` all tensors are
    those of the same net placed under that name before.
    """
    fed = dict(feeds or {})
    paths = {path: fed.get(path, f"{name}.{path}") for path in net.nodes}
    return [_moved(net, node, name, paths, share) for node in net if node.path not in fed]


def placed_net(name: str, nodes: Iterable[Node], outputs: Mapping[str, str]) -> Net:
    """The net of nodes that were placed, in an order in which they can run."""
    listed = list(nodes)
    inputs = tuple(node.path for node in listed if not node.inputs)
    return Net(name, graph_of(listed), inputs, outputs)


def _moved(net: Net, node: Node, name: str, paths: Mapping[str, str], share: str) -> Node:
    owner = share or name
    ties = {own: f"{owner}.{full}" for own, full in node.ties}
    if share:
        ties = {param.name: f"{share}.{node.path}.{param.name}" for param in net.node_params(node.path)} | ties
    inputs = tuple(paths[path] for path in node.inputs)
    return replace(node, path=f"{name}.{node.path}", inputs=inputs, ties=tuple(ties.items()))
