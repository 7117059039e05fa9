"""A net as a list of plain steps, from which any library can build it.

One step a node, in an order in which they run: `{"name", "op", "inputs", "act", …}`, in JSON. Sizes are resolved:
kernels, strides and padding (before, after) are lists with one entry a spatial axis. Tensors have the names and the
canonical shapes of netdsl: `C1.weight` (kh, kw, in/groups, out), dense (in, out), images (N, H, W, C).
"""

from __future__ import annotations

from typing import Any

from netdsl.graph.net import Net, Node
from netdsl.layers.base import Layer
from netdsl.shapes import Shape

Step = dict[str, Any]


def describe(net: Net) -> list[Step]:
    """The steps of a net whose layers the peers have; `ValueError` names a layer that is not translated."""
    return [_step(net, node) for node in net]


def _step(net: Net, node: Node) -> Step:
    layer = node.layer
    translate = _TRANSLATIONS.get(layer.keyword or type(layer).__name__.lower())
    if translate is None:
        raise ValueError(f"`{node.path}`: the peers' nets have no `{layer.keyword}`")
    more = translate(layer, *net.input_shapes(node.path))
    act = str(more.pop("act", getattr(layer, "act", "none")))
    if act not in ("none", "relu"):
        raise ValueError(f"`{node.path}`: the peers' nets have no `act={act}`")
    return {"name": node.path, "inputs": list(node.inputs), "shape": list(node.shape), "act": act, **more}


def _axes(layer: Any, x: Shape) -> dict[str, Any]:
    axes = layer.axes(x)
    found: dict[str, Any] = {name: [getattr(a, name) for a in axes] for name in ("kernel", "stride", "dilation", "pad")}
    found["pad"] = [list(pair) for pair in found["pad"]]
    return found


def _conv(layer: Any, x: Shape) -> Step:
    if layer.flip:
        raise ValueError("the peers' nets have no `flip=true`")
    return {
        "op": "conv",
        "channels": [x[-1], layer.filters],
        "groups": layer.groups,
        "bias": layer.bias,
        **_axes(layer, x),
    }


def _conv_transpose(layer: Any, x: Shape) -> Step:
    if layer.groups != 1 or any(n for a in layer.axes(x) for n in a.pad) or layer.output_pad:
        raise ValueError("the peers' nets have transposed convolutions without padding and groups only")
    return {"op": "conv_transpose", "channels": [x[-1], layer.filters], "bias": layer.bias, **_axes(layer, x)}


def _dense(layer: Any, x: Shape) -> Step:
    return {"op": "dense", "map": list(x), "units": layer.units, "bias": layer.bias}


def _batchnorm(layer: Any, x: Shape) -> Step:
    if not (layer.scale and layer.center):
        raise ValueError("the peers' nets have batch normalisation with `scale` and `center` only")
    return {"op": "batchnorm", "channels": x[-1], "eps": layer.eps, "momentum": layer.momentum}


def _maxpool(layer: Any, x: Shape) -> Step:
    return {"op": "maxpool", "ceil": layer.ceil, **_axes(layer, x)}


def _merge(layer: Any, *xs: Shape) -> Step:
    if len({x[:-1] for x in xs}) != 1 or getattr(layer, "axis", -1) != -1:
        raise ValueError("the peers' nets merge maps of one size only")
    return {"op": layer.keyword}


def _input(layer: Layer) -> Step:
    return {"op": "input"}


_TRANSLATIONS: dict[str, Any] = {
    "input": _input,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "batchnorm": _batchnorm,
    "maxpool": _maxpool,
    "global_avgpool": lambda layer, x: {"op": "global_avgpool"},
    "activation": lambda layer, x: {"op": "identity", "act": layer.value()},
    "relu": lambda layer, x: {"op": "identity", "act": "relu"},
    "add": _merge,
    "concat": _merge,
}
