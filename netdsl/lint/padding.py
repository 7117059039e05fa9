"""A rule over a net and a file of weights: `same` is padded unevenly here, and evenly where the weights come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from netdsl.errors import Diagnostic, fail
from netdsl.files.regular import open_regular, quoted
from netdsl.files.safetensors_header import LENGTH_BYTES, DamagedHead, head_length, parse_head
from netdsl.graph.net import Net, Node
from netdsl.layers.window import Axis, resolve_axes
from netdsl.lint.layers import SLIDING, warning

OURS = "netdsl"


def findings(net: Net, weights: Path) -> Iterator[Diagnostic]:
    """W323 for each node whose `same` adds an odd number of pixels to an axis, where the weights are not netdsl's own.

    Raises `NetError` N501 for a file that is not safetensors, N601 for one that cannot be read.
    """
    if is_own(weights):
        return
    for node in net:
        if node.layer.keyword in SLIDING and getattr(node.layer, "pad", None) == "same":
            for axis in resolve_axes(node.layer, net.input_shapes(node.path)[0]):
                if axis.stride > 1 and axis.pad[0] != axis.pad[1]:
                    yield _uneven(node, axis)
                    break


def _uneven(node: Node, axis: Axis) -> Diagnostic:
    before, after = axis.pad
    reach = (axis.kernel - 1) * axis.dilation + 1
    even = (reach - 1) // 2
    message = f"`same` pads {before} before and {after} behind; a framework that pads evenly has {even} on both sides"
    steps = f"(ceil({axis.size}/{axis.stride}) - 1)·{axis.stride} + {reach} - {axis.size} = {before + after}"
    return warning("W323", message, node, f"`pad={even}`: the numbers then agree", ((axis.name, steps),))


def is_own(path: Path) -> bool:
    """Whether netdsl wrote the weights: then they were trained with the padding of the net."""
    file, size = open_regular(path)
    with file:
        try:
            length = head_length(file.read(LENGTH_BYTES), size)
            return OURS in parse_head(file.read(length), size - LENGTH_BYTES - length).metadata
        except DamagedHead as error:
            raise fail("N501", f"{quoted(path)} is not a file of safetensors: {error}") from None
