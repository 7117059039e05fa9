"""Counts of a net or a part of it, for asserts: `params state total trainable nontrainable macs rf`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from netdsl.errors import Fault, Span, fail
from netdsl.graph.cost import cost_of
from netdsl.graph.net import Net
from netdsl.graph.receptive_field import receptive_fields
from netdsl.layers.values import Size


def measurer(net: Net) -> Callable[[str, str, Span], object]:
    """A function of (path, quantity, place).

    The path is that of a node or scope, empty for the whole net, and `x[*]` for a family.
    """
    fields = cache(lambda: receptive_fields(net.graph))
    costs = cache(lambda path: cost_of(net, [node for node in net.nodes if _belongs(node, path)]))

    def measure(path: str, quantity: str, span: Span) -> object:
        if quantity == "rf":
            return _field(net, path, fields(), span)
        try:
            return getattr(costs(path), quantity)
        except Fault as fault:
            raise fail(fault.code, fault.message, span=span) from None

    return measure


def _belongs(node: str, path: str) -> bool:
    if not path:
        return True
    if path.endswith("[*]"):
        return node.startswith(path[:-2])
    return node == path or node.startswith(f"{path}.")


def _field(net: Net, path: str, fields: dict[str, tuple[int, ...]], span: Span) -> object:
    node = path
    if node not in net.nodes:
        node = next((scope.output for scope in net.scopes if scope.path == path), "")
    if node not in fields:
        raise fail("N225", "`rf` belongs to one value: write `v.rf`", span=span)
    sides = fields[node]
    return (sides[0] if sides else 1) if len(set(sides)) <= 1 else Size(sides)
