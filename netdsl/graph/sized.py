"""A net whose sizes are symbols, for one size of each: `net.at(T=100)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import networkx as nx

from netdsl.errors import NetError, fail
from netdsl.shapes import MAX_SIZE, checked, volume
from netdsl.symbolic.size import at

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Node
    from netdsl.layers.base import Layer
    from netdsl.symbolic.symbol import Symbol


def sized(net: Net, sizes: Mapping[str, Any]) -> Net:
    """The same net with its symbols set; weights are those of any other size.

    Raises `NetError` N219 for a symbol that is missing or unknown, N716 for a size that the net does not take.
    """
    names = [s.name for s in net.symbols]
    for name in sizes:
        if name not in names:
            has = f"it has {', '.join(f'`{n}`' for n in names)}" if names else "all its sizes are set"
            raise fail("N219", f"net `{net.name}` has no symbol `{name}`", help=has)
    for symbol in net.symbols:
        if symbol.name not in sizes:
            raise fail("N219", f"net `{net.name}` needs a size for `{symbol.name}`")
        _check(net, symbol, sizes[symbol.name])
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_nodes_from((node.path, {"node": _sized_node(node, sizes)}) for node in net)
    graph.add_edges_from(net.graph.edges(keys=True))
    made = replace(net, graph=graph, symbols=(), parameters={**net.parameters, **sizes})
    for node in made:
        volume(node.shape)
        checked(node.layer.macs(*made.input_shapes(node.path)).value, f"the multiply-adds of `{node.path}`")
    return made


def _sized_node(node: Node, sizes: Mapping[str, int]) -> Node:
    return replace(node, layer=_sized_layer(node.layer, sizes), shape=at(node.shape, sizes))


def _sized_layer(layer: Layer, sizes: Mapping[str, int]) -> Layer:
    changed = {f.name: at(getattr(layer, f.name), sizes) for f in fields(layer) if f.init}
    return layer if all(getattr(layer, name) is value for name, value in changed.items()) else replace(layer, **changed)


def _check(net: Net, symbol: Symbol, size: Any) -> None:
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE:
        raise fail("N716", f"`{symbol.name}` is an integer from 1 to 2^31 - 1, not {size!r}"[:200])
    if not symbol.allows(size):
        raise refused(net, symbol, size)


def refused(net: Net, symbol: Symbol, size: int) -> NetError:
    """The error of a size that is not among those that the net takes, with the layers that say so."""
    reasons = [d for d in symbol.demands if not d.allows(size)]
    told = "; ".join(f"`{d.path}` needs {d.text}" for d in reasons)
    span = reasons[0].span if reasons else None
    takes = " and ".join(symbol.constraints())
    return fail("N716", f"`{symbol.name}` of `{net.name}` is {size}: {told}", span=span, help=f"it takes {takes}")


def unsized(net: Net) -> NetError:
    """The error of asking for the plan of a net whose symbols have no size."""
    names = " ".join(f"-p {s.name}=…" for s in net.symbols)
    return fail("N715", f"a plan is for one size, and `{net.name}` takes any", help=f"`{names}` sets it")
