"""The input sizes for which a net is valid, solved from the formulas of its layers.

The sides of the inputs become symbols, and every layer is asked for its shape again. A size is valid where every layer
has an output and every merge fits; where each sliding window, unless it skips by design, sees every pixel of its map;
and where the weights keep their shapes. Arguments of layers stay those of the net as it was loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netdsl.errors import Fault
from netdsl.shapes import MAX_SIZE, Shape
from netdsl.symbolic.decide import restricted
from netdsl.symbolic.size import Symbolic, at, is_symbolic, symbol, symbols_in
from netdsl.symbolic.symbol import Symbol, watched

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Node

NAMES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


@dataclass(frozen=True)
class Side:
    """The sizes of one symbol: `symbol.allows`, and as steps·k + offset from k = `least` on, k the side of `smallest`.

    `smallest` is the smallest map that grows by one pixel from a valid size to the next; empty where there is none.
    """

    symbol: Symbol
    declared: int
    steps: int
    offset: int
    least: int
    smallest: str


@dataclass(frozen=True)
class Sizes:
    """Shapes of a net's nodes in symbols, and what is known of each symbol. No sides: no input has any."""

    net: Net
    shapes: dict[str, Shape]
    sides: tuple[Side, ...]


def valid_sizes(net: Net) -> Sizes:
    """Solve for the sides of all inputs; sides that are equal in the net are one symbol, named H, W or L."""
    declared: dict[Symbol, int] = {}
    shapes: dict[str, Shape] = {}
    for name in net.inputs:
        shapes[name] = _freed(net.nodes[name], declared)
    sizes = {s.name: size for s, size in declared.items()}
    for node in net:
        if node.inputs:
            shapes[node.path] = _shape(net, node, shapes, declared, sizes)
    return Sizes(net, shapes, tuple(_side(s, size, shapes) for s, size in declared.items()))


def _freed(node: Node, declared: dict[Symbol, int]) -> Shape:
    """An input's shape with symbols for its sides, those of an earlier input where the sizes are the same."""
    sides, names = node.shape[:-1], NAMES.get(len(node.shape) - 1, ())
    if not names or any(is_symbolic(n) for n in sides):
        return node.shape
    known = {size: s for s, size in declared.items()}
    for name, size in zip(names if len(set(sides)) > 1 else names[-2:][:1], sides, strict=False):
        if size not in known:
            taken = any(s.name == name for s in declared)
            (made,) = symbols_in(symbol(f"{name}_{node.path}" if taken else name))
            known[size] = made
            declared[made] = size
    return (*(Symbolic({(known[size],): 1}) for size in sides), node.shape[-1])


def _shape(net: Net, node: Node, shapes: dict[str, Shape], declared: dict[Symbol, int], sizes: dict[str, int]) -> Shape:
    xs = tuple(shapes[p] for p in node.inputs)
    if not symbols_in(*xs):
        return node.shape
    place = (node.path, node.span)
    try:
        with watched(*place):
            shape = node.layer.out_shape(*xs)
            if any(size < 1 for size in shape):
                raise Fault("N306", "no output")
            _see_all(node, xs)
        for param, fixed in zip(node.layer.params(*xs), net.node_params(node.path), strict=True):
            for found, size in zip(param.shape, fixed.shape, strict=True):
                _keep(found, size, sizes, place)
    except (Fault, TypeError):
        for s in symbols_in(*xs):
            s.bound(declared[s], declared[s], place)
        return node.shape
    return shape


def _see_all(node: Node, xs: tuple[Shape, ...]) -> None:
    """Demand that a window which does not skip pixels by design leaves none out at the end of a side."""
    layer: Any = node.layer
    window = layer.window(*xs)
    if window is None or window.upsample or not hasattr(layer, "axes") or getattr(layer, "ceil", False):
        return
    for a in layer.axes(xs[0]):
        reach = a.dilation * (a.kernel - 1) + 1
        unseen = a.size + a.pad[0] - reach - a.stride * (a.out.value - 1)
        if reach >= a.stride and not restricted(unseen, lambda n: n <= 0):
            raise Fault("N306", "no size is seen whole")


def _keep(found: int, fixed: int, sizes: dict[str, int], place: Any) -> None:
    """Bound each symbol to the sizes for which a side of a weight, which grows with them, is as it is."""
    for s in symbols_in(found):
        low = _first(found, fixed, s.name, sizes)
        high = _first(found, fixed + 1, s.name, sizes) - 1
        s.bound(low, high, place)


def _first(found: int, number: int, name: str, sizes: dict[str, int]) -> int:
    """The least value of a symbol for which a size is at least a number."""
    low, high = 1, MAX_SIZE
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if at(found, {**sizes, name: middle}) >= number else (middle + 1, high)
    return low


def _side(s: Symbol, declared: int, shapes: dict[str, Shape]) -> Side:
    start, period = s.smallest, s.period
    best: tuple[int, str] | None = None
    for path, shape in shapes.items():
        for size in shape[:-1]:
            if symbols_in(size) == (s,):
                here, there = at(size, {s.name: start}), at(size, {s.name: start + period})
                if there == here + 1 and (best is None or here < best[0]):
                    best = (here, path)
    if best is None or len(s.residues) > 1 or period == 1:
        return Side(s, declared, period, start % period, start // period, "")
    return Side(s, declared, period, start - period * best[0], best[0], best[1])
