"""Families of layers, which drawings tell apart by colour."""

from __future__ import annotations

from netdsl.layers.base import Layer

# family: (fill, border)
COLOURS = {
    "input": ("#ffffff", "#5f6b7a"),
    "convolution": ("#dbe8f8", "#4a7ab5"),
    "pooling": ("#fbdcd5", "#c4604a"),
    "dense": ("#e6dcf4", "#7d5bb0"),
    "normalisation": ("#dcefdc", "#5c9a5c"),
    "activation": ("#fdf1cf", "#c29a35"),
    "merge": ("#d3eeed", "#3f918e"),
    "noise": ("#f0e6dc", "#a5815c"),
    "reshape": ("#ebedf0", "#8791a0"),
    "scope": ("#f4f6f9", "#8791a0"),
    "equal": ("#ffffff", "#b6bfca"),
    "changed": ("#fdf1cf", "#c29a35"),
    "added": ("#dcefdc", "#5c9a5c"),
    "removed": ("#fbdcd5", "#c4604a"),
}
_MEMBERS = {
    "input": "input",
    "convolution": "conv conv_transpose depthwise separable",
    "pooling": "maxpool avgpool sumpool minpool subsample global_avgpool global_maxpool adaptive_avgpool",
    "dense": "dense rbf",
    "normalisation": "batchnorm layernorm groupnorm instancenorm lrn",
    "activation": "activation relu leaky_relu elu selu gelu sigmoid tanh scaled_tanh softmax softplus swish hard_swish "
    "relu6 prelu abs complement",
    "merge": "concat add mul max mean sub gate",
    "noise": "dropout noise",
}
_FAMILY = {keyword: family for family, keywords in _MEMBERS.items() for keyword in keywords.split()}


def family(layer: Layer) -> str:
    """The family of a layer; what only moves or reshapes values is `reshape`."""
    return _FAMILY.get(layer.keyword or layer.text(), "reshape")
