"""The moving average of the weights, which is measured and saved in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.ops.expression import operands

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.ops.op import Build, Value

SLOT = "average"


def emit_average(build: Build, param: Value, new: Value, decay: float) -> None:
    """Emit a ← decay·a + (1-decay)·p of the new parameter, a a slot that begins at 0     (Polyak and Juditsky 1992)."""
    a, p = operands(2)
    old = build.tensor(f"{param.name}@{SLOT}", param.shape, "state")
    build.add("assign", old, build.map(decay * a + (1 - decay) * p, old, new))


def averaged(net: Net, weights: Mapping[str, Any], decay: float, updates: int) -> dict[str, Any]:
    """The tensors of a net, learned ones as â = a/(1 - decay^t) after t updates, which undoes that a began at 0.

    What is not learned, or was not yet, is taken as it is.
    """
    share = 1 - decay**updates
    found = {}
    for name in net.tensors:
        slot = f"{name}@{SLOT}"
        found[name] = np.asarray(weights[slot] / share, np.float32) if slot in weights and share else weights[name]
    return found
