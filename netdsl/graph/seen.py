"""Where one position of a node looks: the stretch of each input that it is computed from.

Walked from the node back to the inputs, stretch by stretch; where a value is read on several ways, the stretch covers
all of them. Like the receptive field, whose place this is, it is not cut at the border of the image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.base import Spans

if TYPE_CHECKING:
    from netdsl.graph.net import Net


def seen(net: Net, path: str, at: tuple[int, ...]) -> dict[str, Spans]:
    """For each input that the position `at` of a node reads, its first and last position on each spatial axis."""
    spans: dict[str, Spans] = {path: tuple((i, i) for i in at)}
    for node in reversed(list(net)):
        if node.path not in spans:
            continue
        shapes = net.input_shapes(node.path)
        for operand, source in enumerate(node.sources):
            found = node.layer.reads(spans[node.path], operand, *shapes)
            spans[source] = _hull(spans[source], found) if source in spans else found
    return {name: spans[name] for name in net.inputs if name in spans}


def _hull(a: Spans, b: Spans) -> Spans:
    return tuple((min(a0, b0), max(a1, b1)) for (a0, a1), (b0, b1) in zip(a, b, strict=True))
