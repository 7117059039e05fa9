"""What the first layer looks for, as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape as markup
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import escape
from netdsl.graph.net import Net
from netdsl.report.page import NotShown
from netdsl.report.thumbnail import about_zero, picture
from netdsl.shapes import volume

Array = NDArray[Any]
MOST = 64
WIDTH = 56
CONVOLUTIONS = ("conv", "depthwise")


def filter_pictures(net: Net, weights: Mapping[str, Array]) -> str:
    """The first filters of the first layer with weights: bright is positive, dark negative, grey zero.

    A dense layer that reads a whole image is shown as images. Raises `NotShown` for what has no picture.
    """
    path, array = _first(net, weights)
    count = min(array.shape[-1], MOST)
    more = f", the first {count} of {array.shape[-1]}" if count < array.shape[-1] else ""
    words = f"The filters of <code>{markup(path)}</code>{more}: bright is positive, dark negative, middle grey zero."
    figures = (picture(about_zero(array[..., i]), title=f"{path}, {i}", width=WIDTH) for i in range(count))
    return f'<p>{words}</p>\n<div class="row">{"".join(figures)}</div>'


def _first(net: Net, weights: Mapping[str, Array]) -> tuple[str, Array]:
    for node in net:
        name = next((full for full, param in net.node_tensors(node.path) if param.name == "weight"), None)
        if name is None:
            continue
        array, path = np.asarray(weights[name]), escape(node.path)
        if node.layer.keyword == "dense" and len(net.inputs) == 1:
            shape = net.nodes[net.inputs[0]].shape
            if len(shape) == 3 and shape[2] in (1, 3) and volume(shape) == array.shape[0]:
                return path, array.reshape(*shape, array.shape[-1])
        elif node.layer.keyword in CONVOLUTIONS and array.ndim == 4:
            if array.shape[2] in (1, 3):
                return path, array
            raise NotShown(f"The filters of {path} read {array.shape[2]} channels, which is neither grey nor colour.")
        elif node.layer.keyword in CONVOLUTIONS and array.ndim == 3:
            return path, array.transpose(1, 0, 2)[:, :, None]
        raise NotShown(f"The first layer with weights, {path}, is one whose filters are not pictures.")
    raise NotShown("The net has no weights.")
