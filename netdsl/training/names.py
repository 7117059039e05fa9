"""Names that a training step gives to values of its own, which a net must not give to other ones."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from netdsl.errors import fail
from netdsl.training.optimise.gate import FINITE
from netdsl.training.optimise.loss.base import LABELS

if TYPE_CHECKING:
    from netdsl.graph.net import Net

LOSS = "loss"


def check_names(net: Net, scalars: Collection[str]) -> None:
    """`NetError` N508 for an input, an output or a layer that a step, given these numbers, takes for its own."""
    found = (
        *((name, "input") for name in net.inputs if name == LABELS),
        *((name, "output") for name in net.outputs if name in (LOSS, FINITE)),
        *((node.path, "layer" if node.inputs else "input") for node in net if node.path in scalars),
    )
    for name, kind in found:
        words = f"the {kind} `{name}` has the name of what each step of a training has itself"
        raise fail("N508", words, help="give it another name")
