"""The compiled training step alone, without data, metrics or files: what `netdsl bench --train` measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.compiler.compile import compile
from netdsl.compiler.program import Program
from netdsl.training.loss import loss_for, total_loss
from netdsl.training.optimiser import Sgd

if TYPE_CHECKING:
    from netdsl.graph.net import Net

OPTIMISER = Sgd(lr=0.001, momentum=0.9)
SCALARS = {"step": 1, "seed": 1, **OPTIMISER.scalars(1)}


def training_program(net: Net, *, batch: int, threads: int | None = None, algorithm: str = "auto") -> Program:
    """Cross-entropy and SGD with momentum on all parameters of a net that classifies, drawn with seed 1."""
    output = next(iter(net.outputs.values()))
    loss = total_loss(net, loss_for(net, "cross_entropy", net.nodes[output].shape[-1]))
    return compile(
        net,
        net.initialise(1),
        batch=batch,
        wrt=net.learned,
        loss=loss,
        update=OPTIMISER.update,
        threads=threads,
        algorithm=algorithm,
    )
