"""Rules over the `train` block: what a loss takes, and what the net gives it."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.errors import Diagnostic
from netdsl.graph.net import Net, Node
from netdsl.layers.values import Applied
from netdsl.lint.layers import activation_of, warning

# What may stand between a softmax and the output without changing what it is.
_PASSES = frozenset(("dropout", "noise", "reshape", "flatten", "permute", "slice", "activation", "batchnorm"))


def findings(net: Net) -> Iterator[Diagnostic]:
    """W321 and W322 for each output and head, by the loss of the net's `train` block."""
    by_key = {setting.key: setting.steps[0] for setting in net.settings if setting.name == "loss"}
    ends = {**net.outputs, **{head.name: head.output for head in net.heads}}
    for name, path in ends.items():
        given, node = by_key.get(name, by_key.get("", "")), net.nodes[path]
        loss, act = given.name if isinstance(given, Applied) else str(given), activation_of(node)
        if loss == "cross_entropy":
            yield from _softmax_below(net, node)
        elif loss == "binary_cross_entropy" and act not in ("none", "sigmoid", "softmax"):
            message = f"`binary_cross_entropy` takes the output `{path}` as logits, and `{act}` bounds them"
            yield warning("W322", message, node, "`act=sigmoid`, or no activation")


def _softmax_below(net: Net, end: Node) -> Iterator[Diagnostic]:
    """Cross-entropy takes logits, or the softmax itself; behind another layer a softmax counts as logits."""
    node = end
    while node.layer.keyword in _PASSES and activation_of(node) in ("none", "softmax") and node.inputs:
        if activation_of(node) == "softmax":
            break
        node = net.nodes[node.inputs[0]]
    if node is not end and activation_of(node) == "softmax":
        message = f"`cross_entropy` takes the output `{end.path}` as logits, and `{node.path}` is a softmax already"
        yield warning("W321", message, node, "let the softmax be the output, or leave it out")
