"""A node worked out window by window, beside what the engine gives for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.compiler.compile import compile
from netdsl.errors import escape, fail
from netdsl.explain.windows import Numbers, Step, positions, slides, step
from netdsl.graph.weights import Weights
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    from netdsl.graph.net import Net, Node

MOST_WINDOWS = 64
MOST_NUMBERS = 2000


@dataclass(frozen=True, eq=False)
class Trace:
    """What is told of a node: `steps`, `left` windows that were not worked out, and the engine's `output`.

    `expected` is the whole output in float64; `close` says whether the engine's differs by rounding alone.
    """

    node: Node
    input: Numbers
    steps: tuple[Step, ...]
    left: int
    output: NDArray[np.float32]
    expected: Numbers

    @property
    def difference(self) -> float:
        """The largest distance of the engine's numbers from those in float64."""
        return float(np.abs(self.output - self.expected).max(initial=0.0))

    @property
    def close(self) -> bool:
        """Whether the distances are those of float32 sums."""
        scale = float(np.abs(self.expected).max(initial=0.0)) + float(np.abs(self.input).max(initial=0.0))
        return self.difference <= 1e-4 * max(scale, 1.0)


def trace(
    net: Net,
    path: str,
    weights: Weights,
    arrays: Mapping[str, Numbers],
    *,
    at: tuple[int, ...] | None = None,
    channel: int | None = None,
    threads: int | None = None,
) -> Trace:
    """Run a net on one image on the engine and work out windows of a node from what it read there.

    `arrays` are the inputs by name, in their shapes. Without `at` and `channel` windows are worked out from the first
    on, as many as a reader takes in. Raises `NetError` N740 for a node that slides no window, N741 for a place that its
    output has not got.
    """
    node = net.nodes[path]
    if not slides(node.layer):
        words = f"`{escape(path)}` is `{escape(node.layer.text())}`, which slides no window"
        raise fail("N740", words, help=_others(net))
    chosen, left = _chosen(node, net.input_shapes(path)[0], at, channel)
    source = node.inputs[0]
    wanted = [path] if source in net.inputs else [source, path]
    program = compile(net, weights, want=wanted, threads=threads, algorithm="direct")
    single = {name: np.ascontiguousarray(array[None], np.float32) for name, array in arrays.items()}
    made: Any = program(single)
    found: dict[str, Any] = made if isinstance(made, dict) else {path: made}
    output = _value(net, found, path)
    x = (arrays[source] if source in net.inputs else _value(net, found, source)).astype(np.float64)
    tensors = {p.name: np.asarray(weights[name], np.float64) for name, p in net.node_tensors(path)}
    with np.errstate(all="ignore"):
        expected = node.layer.forward([x[None]], tensors)[0]
    steps = tuple(
        step(node.layer, x, tensors, position=place, channel=k, result=float(expected[(*place, k)]))
        for place, k in chosen
    )
    return Trace(node, x, steps, left, output, expected)


def _value(net: Net, found: Mapping[str, Any], path: str) -> NDArray[np.float32]:
    """What a run gave for a node, which is called by its path or, as an output, by that output's name."""
    names = [path, *(name for name, output in net.outputs.items() if output == path)]
    array: NDArray[np.float32] = next(found[name] for name in names if name in found)[0]
    return array


def _others(net: Net) -> str:
    able = [path for path, node in net.nodes.items() if slides(node.layer)]
    if not able:
        return f"no node of `{net.name}` does; convolutions and pools do"
    more = " …" if len(able) > 8 else ""
    return f"convolutions and pools do: {escape(', '.join(able[:8]))}{more}"


def _chosen(
    node: Node, x: Shape, at: tuple[int, ...] | None, channel: int | None
) -> tuple[list[tuple[tuple[int, ...], int]], int]:
    """Positions and channels to work out, and how many are left."""
    shape = node.shape
    if at is not None and (len(at) != len(shape) - 1 or any(not 0 <= i < n for i, n in zip(at, shape, strict=False))):
        given = ",".join(map(str, at))
        last = ",".join(str(n - 1) for n in shape[:-1])
        zero = ",".join("0" for _ in shape[:-1])
        words = f"`{escape(node.path)}` gives {format_shape(shape)}: it has no position {given}"
        raise fail("N741", words, help=f"positions run from {zero} to {last}")
    if channel is not None and not 0 <= channel < shape[-1]:
        raise fail(
            "N741",
            f"`{escape(node.path)}` gives {format_shape(shape)}: it has no channel {channel}",
            help=f"channels run from 0 to {shape[-1] - 1}",
        )
    channels: Sequence[int] = range(shape[-1]) if channel is None else [channel]
    total = (1 if at else int(np.prod(shape[:-1]))) * len(channels)
    layer: Any = node.layer
    taps = int(np.prod([a.kernel for a in layer.axes(x)])) * (x[-1] // layer.groups if hasattr(layer, "groups") else 1)
    room = max(1, min(MOST_WINDOWS, MOST_NUMBERS // taps))
    places = [at] if at is not None else positions((*_first(shape[:-1], room), 1))
    chosen = [(place, k) for k in channels[:room] for place in places][:room]
    return chosen, total - len(chosen)


def _first(sizes: Shape, room: int) -> Shape:
    """As much of a map as `room` positions can be taken from: whole rows."""
    rows = min(sizes[0], room)
    return (rows, *sizes[1:]) if len(sizes) < 2 else (rows, *(min(n, room) for n in sizes[1:]))
