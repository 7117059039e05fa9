"""What a user gives a trace: the inputs of the net, and the weights of one node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.matrix import Numbers
from netdsl.errors import escape, fail
from netdsl.explain.inputs import given_numbers, need_sizes

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights


def arrays(net: Net, texts: Sequence[str], *, rescale: bool = False) -> dict[str, Numbers]:
    """Every input of a net by name, from `X` or `NAME=X`.

    Raises `NetError` N705 where one is missing or unknown, N743 where a size has no value.
    """
    need_sizes(net)
    given: dict[str, str] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        named = bool(equals) and name.strip().isidentifier()
        if not named and len(net.inputs) != 1:
            raise fail("N705", f"`{net.name}` has {len(net.inputs)} inputs: say which by NAME=…, {_names(net)}")
        given[name.strip() if named else net.inputs[0]] = rest if named else text
    unknown = [name for name in given if name not in net.inputs]
    missing = [name for name in net.inputs if name not in given]
    if unknown or missing:
        what = f"the net has no input `{escape(unknown[0])}`" if unknown else f"input `{missing[0]}` is missing"
        raise fail("N705", f"{what}; it takes {_names(net)}")
    return {
        name: given_numbers(text, net.nodes[name].shape, f"the input `{name}`", name=name, rescale=rescale)
        for name, text in given.items()
    }


def put_weights(net: Net, weights: Weights, path: str, kernels: Sequence[str], biases: Sequence[str]) -> None:
    """Set weights and biases to what was given: `W` is for the node at `path`, `NODE=W` for another.

    A node takes a kernel for each filter, or one .npy file with the whole tensor. Raises `NetError` N701 where a node
    has no such tensor, N620 or N704 where the numbers do not fit.
    """
    by_node: dict[str, list[str]] = {}
    for text in kernels:
        node, rest = _addressed(net, path, text)
        by_node.setdefault(node, []).append(rest)
    for node, texts in by_node.items():
        name = _tensor(net, node, "weight")
        weights[name] = _weight(net, name, node, texts)
    for text in biases:
        node, rest = _addressed(net, path, text)
        name = _tensor(net, node, "bias")
        weights[name] = given_numbers(rest, net.tensors[name].shape, f"`{name}`")


def _weight(net: Net, name: str, node: str, kernels: Sequence[str]) -> Numbers:
    shape = net.tensors[name].shape
    if len(kernels) == 1 and (shape[-1] == 1 or Path(kernels[0]).suffix == ".npy"):
        return given_numbers(kernels[0], shape, f"`{name}`")
    if len(kernels) != shape[-1]:
        words = f"`{node}` has {_counted(shape[-1], 'filter')}, and {_counted(len(kernels), 'kernel')} given"
        raise fail("N704", words, help="give --weight once for each filter")
    each = [given_numbers(text, shape[:-1], f"filter {k} of `{node}`") for k, text in enumerate(kernels)]
    return np.stack(each, axis=-1)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _addressed(net: Net, path: str, text: str) -> tuple[str, str]:
    """The node that a text is for, and the rest of it."""
    node, equals, rest = text.partition("=")
    return (node.strip(), rest) if equals and node.strip() in net.nodes else (path, text)


def _tensor(net: Net, path: str, name: str) -> str:
    for full, param in net.node_tensors(path):
        if param.name == name:
            return full
    raise fail("N701", f"`{path}`, {net.nodes[path].layer.text()}, has no {name}")


def _names(net: Net) -> str:
    return ", ".join(f"`{name}`" for name in net.inputs)
