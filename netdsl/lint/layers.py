"""Rules over single layers and their neighbours in the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

from netdsl.errors import Diagnostic
from netdsl.graph.net import Net, Node
from netdsl.layers.activation import NAMES, resolve

_NOISE = frozenset(("dropout", "noise"))
_TWICE = frozenset(("relu", "relu6", "abs", "softmax", "sigmoid", "tanh"))
SLIDING = frozenset(("conv", "depthwise", "separable", "maxpool", "avgpool", "sumpool", "minpool", "subsample"))
_POOLS = frozenset(("maxpool", "avgpool", "sumpool", "minpool"))


def findings(net: Net) -> Iterator[Diagnostic]:
    """What each rule says of each node."""
    for node in net:
        if node.inputs:
            for rule in RULES:
                yield from rule(net, node)


def activation_of(node: Node) -> str:
    """The name of the activation that a node ends with."""
    layer = node.layer
    if layer.keyword in NAMES:
        return layer.keyword
    value = getattr(layer, "name" if layer.keyword == "activation" else "act", None)
    return resolve(value)[0] if value is not None else "none"


def warning(code: str, message: str, node: Node, help: str, facts: tuple[tuple[str, str], ...] = ()) -> Diagnostic:
    """A finding at the call that made a node."""
    return Diagnostic(code, message, node.span, facts=facts, help=help, severity="warning")


def _useless_bias(net: Net, node: Node) -> Iterator[Diagnostic]:
    """W311: (x·w + b) - mean(x·w + b) = x·w - mean(x·w)."""
    source = net.nodes[node.inputs[0]]
    if node.layer.keyword != "batchnorm" or not getattr(node.layer, "center", True):
        return
    biased = getattr(source.layer, "bias", False) is True and activation_of(source) == "none"
    if biased and len(net.graph.out_edges(source.path)) == 1 and source.path not in net.outputs.values():
        message = f"batch normalisation takes away the bias of `{source.path}`"
        yield warning("W311", message, source, "`bias=false`; the normalisation adds a bias of its own")


def _noise_at_the_end(net: Net, node: Node) -> Iterator[Diagnostic]:
    """W312: noise behind the last layer."""
    ends = {*net.outputs.values(), *(head.output for head in net.heads)}
    if node.path in ends and node.layer.keyword in _NOISE:
        yield warning("W312", f"`{node.layer.keyword}` behind the last layer", node, "put it before the last layer")


def _nothing(net: Net, node: Node) -> Iterator[Diagnostic]:
    """W313: a layer whose output is its input."""
    layer, message = node.layer, "this layer changes nothing"
    if (layer.keyword == "dropout" and getattr(layer, "p", 1) == 0) or (
        layer.keyword == "noise" and getattr(layer, "std", 1) == 0
    ):
        yield warning("W313", message, node, "leave it out")
    elif layer.keyword in _POOLS:
        window = layer.window(*net.input_shapes(node.path))
        if window is not None and {*window.kernel, *window.stride} == {1} and activation_of(node) == "none":
            yield warning("W313", message, node, "leave it out")


def _skipping(net: Net, node: Node) -> Iterator[Diagnostic]:
    """W314: a step longer than the window leaves pixels out; with 1x1 that is what one asks for."""
    if node.layer.keyword not in SLIDING:
        return
    window = node.layer.window(*net.input_shapes(node.path))
    if window is None or set(window.kernel) == {1}:
        return
    reach = [(k - 1) * d + 1 for k, d in zip(window.kernel, window.dilation, strict=True)]
    for covered, step in zip(reach, window.stride, strict=True):
        if step > covered:
            message = f"the stride {step} is larger than the window: pixels between are never read"
            yield warning("W314", message, node, f"a stride of at most {covered}")
            return


def _one_element(net: Net, node: Node) -> Iterator[Diagnostic]:
    """W315: the mean of one number is that number, and what is left of it 0."""
    shape, keyword = net.input_shapes(node.path)[0], node.layer.keyword
    positions = prod(shape[:-1])
    batch = next((s.steps[0] for s in net.settings if s.name == "batch"), None)
    if keyword == "batchnorm":
        single = positions == 1 and batch == 1
    elif keyword == "instancenorm":
        single = positions == 1
    elif keyword == "groupnorm":
        single = positions * shape[-1] == getattr(node.layer, "groups", 1)
    else:
        single = keyword == "layernorm" and shape[-1] == 1
    if single:
        message = f"`{keyword}` has one number to normalise: it gives 0 whatever comes"
        in_training = keyword == "batchnorm"
        help_text = "a larger `batch`, or another normalisation" if in_training else "leave it out"
        yield warning("W315", message, node, help_text, (("training", "`batch 1`"),) if in_training else ())


def _linear_twice(net: Net, node: Node) -> Iterator[Diagnostic]:
    """W316: W₂(W₁x + b₁) + b₂ is one dense layer."""
    source = net.nodes[node.inputs[0]]
    while source.layer.keyword in _NOISE:
        source = net.nodes[source.inputs[0]]
    if node.layer.keyword == source.layer.keyword == "dense" and activation_of(source) == "none":
        message = f"nothing but a product stands between `{source.path}` and `{node.path}`: together they are one"
        yield warning("W316", message, source, "give the first an activation, `act=relu`")


def _twice(net: Net, node: Node) -> Iterator[Diagnostic]:
    """W317: an activation of itself."""
    name, source = activation_of(node), net.nodes[node.inputs[0]]
    alone = node.layer.keyword in NAMES or node.layer.keyword == "activation"
    if alone and name in _TWICE and source.inputs and activation_of(source) == name:
        yield warning("W317", f"`{name}` of what `{source.path}` put through `{name}` already", node, "leave one out")


def _one_class(net: Net, node: Node) -> Iterator[Diagnostic]:
    """W318: exp(x)/exp(x) = 1."""
    if activation_of(node) == "softmax" and node.shape[-1] == 1:
        yield warning("W318", "the softmax of one number is 1 whatever comes", node, "`sigmoid`, or two outputs")


Rule = Callable[[Net, Node], Iterator[Diagnostic]]
RULES: tuple[Rule, ...] = (
    _useless_bias,
    _noise_at_the_end,
    _nothing,
    _skipping,
    _one_element,
    _linear_twice,
    _twice,
    _one_class,
)
