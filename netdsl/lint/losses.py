"""Rules over the `train` block: what a loss takes, and what the net gives it."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.errors import Diagnostic
from netdsl.graph.net import Net, Node
from netdsl.lint.layers import activation_of, warning

# What may stand between a softmax and the output without changing what it is.
_PASSES = frozenset(("dropout", "noise", "reshape", "flatten", "permute", "slice", "activation", "batchnorm"))


def findings(net: Net) -> Iterator[Diagnostic]:
    """W321 and W322 for each output and head, by the loss of the net's `train` block."""
    by_key = {setting.key: setting.steps[0] for setting in net.settings if setting.name == "loss"}
    ends = {**net.outputs, **{head.name: head.output for head in net.heads}}
    for name, path in ends.items():
        loss, node = str(by_key.get(name, by_key.get("", ""))), net.nodes[path]
        if loss == "cross_entropy":
            yield from _softmax_below(net, node)
        elif loss == "binary_cross_entropy" and activation_of(node) not in ("sigmoid", "softmax"):
            message = f"`binary_cross_entropy` takes numbers from 0 to 1, and `{path}` may give any"
            yield warning("W322", message, node, "`act=sigmoid`")


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
