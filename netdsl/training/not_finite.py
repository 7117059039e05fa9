"""Where a training step first leaves the finite numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.compiler.compile import compile
from netdsl.errors import NetError
from netdsl.training.optimise.rules import with_penalties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netdsl.graph.weights import Weights
    from netdsl.training.loop import Task


def first_not_finite(task: Task, weights: Weights, inputs: Mapping[str, Any], scalars: Mapping[str, float]) -> str:
    """What is the first of a step to be infinite or NaN, in words: an input, a layer, the loss, or a gradient.

    The step is run with these weights by a program that gives every layer's output and every gradient and changes no
    parameter; layers are looked at from the input on, gradients from the loss back. Moving statistics change.
    """
    net = task.net
    for name in net.inputs:
        if (where := _place(inputs[name])) is not None:
            return f"`{name}` is {where}: the data hold it"
    layers = [node.path for node in net if node.inputs]
    try:
        program = compile(
            net,
            weights,
            batch=task.settings.batch,
            want=layers,
            wrt=net.learned,
            loss=with_penalties(net, task.objective.lower),
        )
    except NetError:  # it needs more memory than the training itself
        return "there is no memory to look for the layer"
    found = program.step(inputs, **scalars)
    for path in layers:
        if path in found and (where := _place(found[path])) is not None:
            return f"the first layer whose output is not finite is `{path}`, {where}"
    if not np.isfinite(found["loss"]):
        return "every layer's output is finite, the loss of them is not"
    for name in reversed(net.learned):
        if name in found and (where := _place(found[name], batched=False)) is not None:
            return f"the first gradient that is not finite, from the loss back, is that of `{name}`, {where}"
    return "layers and gradients are finite, what the step makes of them is not"


def _place(array: Any, *, batched: bool = True) -> str | None:
    """The first number that is not finite, and its image; None where all are."""
    broken = np.argwhere(~np.isfinite(array))
    if not len(broken):
        return None
    number = array[tuple(broken[0])]
    return f"{number} for image {broken[0][0] + 1} of the batch" if batched else f"{number}"
