"""The compiled training step alone, without data, metrics or files: what `netdsl bench --train` measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netdsl.compiler.compile import compile
from netdsl.compiler.program import Program
from netdsl.training.loss import loss_for, total_loss
from netdsl.training.optimiser import Sgd

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights

OPTIMISER = Sgd(lr=0.001, momentum=0.9)
SCALARS = {"step": 1, "seed": 1, **OPTIMISER.scalars(1)}


def training_arguments(net: Net) -> dict[str, Any]:
    """What `compile` takes beside the net: cross-entropy, and SGD with momentum on all parameters."""
    output = next(iter(net.outputs.values()))
    loss = total_loss(net, loss_for(net, "cross_entropy", net.nodes[output].shape[-1]))
    return {"loss": loss, "update": OPTIMISER.update, "wrt": net.learned}


def training_program(
    net: Net,
    weights: Weights | None = None,
    *,
    batch: int,
    threads: int | None = None,
    algorithm: str = "auto",
) -> Program:
    """The training step of a net; without weights they are drawn with seed 1."""
    weights = net.initialise(1) if weights is None else weights
    return compile(net, weights, batch=batch, threads=threads, algorithm=algorithm, **training_arguments(net))
