"""Counts of a net or a part of it, for asserts: `params state total trainable nontrainable macs rf`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from netdsl.errors import Span, fail
from netdsl.graph.net import Net, Node
from netdsl.graph.receptive_field import receptive_fields
from netdsl.layers.values import Size


def measurer(net: Net) -> Callable[[str, str, Span], object]:
    """A function of (path, quantity, place); the path is that of a node or scope, empty for the net, `x[*]` for a family."""
    fields = cache(lambda: receptive_fields(net.graph))
    counts = cache(lambda path: _counts(net, net.nodes[path]))

    def measure(path: str, quantity: str, span: Span) -> object:
        if quantity == "rf":
            return _field(net, path, fields(), span)
        nodes = [node for node in net.nodes if _belongs(node, path)]
        return sum(counts(node)[quantity] for node in nodes)

    return measure


def _belongs(node: str, path: str) -> bool:
    if not path:
        return True
    if path.endswith("[*]"):
        return node.startswith(path[:-2])
    return node == path or node.startswith(f"{path}.")


def _counts(net: Net, node: Node) -> dict[str, int]:
    shapes = net.input_shapes(node.path)
    params = state = trainable = 0
    for tensor in node.layer.params(*shapes):
        count = 1
        for size in tensor.shape:
            count *= size
        if tensor.role == "state":
            state += count
        else:
            params += count
            trainable += count if tensor.trainable else 0
    total = params + state
    macs = node.layer.macs(*shapes).value
    return {
        "params": params,
        "state": state,
        "total": total,
        "trainable": trainable,
        "nontrainable": total - trainable,
        "macs": macs,
    }


def _field(net: Net, path: str, fields: dict[str, tuple[int, ...]], span: Span) -> object:
    node = path
    if node not in net.nodes:
        node = next((scope.output for scope in net.scopes if scope.path == path), "")
    if node not in fields:
        raise fail("N225", "`rf` belongs to one value: write `v.rf`", span=span)
    sides = fields[node]
    return sides[0] if len(set(sides)) == 1 else Size(sides)
