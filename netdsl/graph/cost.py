"""What a node costs: parameters, state, multiply-adds and bytes, each tensor counted once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from netdsl.shapes import checked

if TYPE_CHECKING:
    from netdsl.graph.net import Net

FLOAT = 4  # bytes of a float32


@dataclass(frozen=True)
class Cost:
    """Counts of numbers, and multiply-adds of one image. `trainable` are those that an optimiser may change."""

    params: int = 0
    state: int = 0
    trainable: int = 0
    macs: int = 0

    @property
    def total(self) -> int:
        return self.params + self.state

    @property
    def nontrainable(self) -> int:
        return self.total - self.trainable


def cost_of(net: Net, paths: Iterable[str]) -> Cost:
    """The cost of some nodes together, a tensor that several of them share counted once.

    Raises `Fault` N306 where a count does not fit in 64 bits.
    """
    params = state = trainable = macs = 0
    counted: set[str] = set()
    for path in paths:
        for name, tensor in net.node_tensors(path):
            if name in counted:
                continue
            counted.add(name)
            count = prod(tensor.shape)
            params += count if tensor.role == "param" else 0
            state += count if tensor.role == "state" else 0
            trainable += count if tensor.role == "param" and tensor.trainable else 0
        macs += net.nodes[path].layer.macs(*net.input_shapes(path)).value
    for count, what in ((params + state, "the number of parameters"), (macs, "the number of multiply-adds")):
        checked(count, what)
    return Cost(params, state, trainable, macs)


def activation_bytes(net: Net) -> int:
    """Bytes of all nodes' outputs for one image, inputs included: an upper bound of what inference holds."""
    return FLOAT * sum(prod(node.shape) for node in net)
