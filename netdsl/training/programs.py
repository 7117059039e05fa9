"""The programs of a training: one that learns, and one that measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.compiler.compile import compile
from netdsl.graph.weights import Weights
from netdsl.training.memory import bytes_beside
from netdsl.training.optimise.rules import update_of, with_penalties

if TYPE_CHECKING:
    from netdsl.compiler.lower import Update
    from netdsl.compiler.plan import Plan
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net
    from netdsl.training.block.settings import Settings
    from netdsl.training.loop import Task


@dataclass(frozen=True, eq=False)
class Programs:
    """The two programs of a training: one learns, the other measures, on the same weights or on their average."""

    learning: Program
    measuring: Program | None

    @property
    def weights(self) -> Weights:
        """The weights that are learned."""
        return self.learning.weights

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plan that learns, and that which measures."""
        return (self.learning.plan, *([self.measuring.plan] if self.measuring else []))

    @property
    def bytes(self) -> int:
        """What both need: on the same weights, which are there once, or on an average of them."""
        beside = 0
        if self.measuring:
            shared = self.measuring.weights is self.weights
            beside = bytes_beside(self.measuring.plan) if shared else self.measuring.plan.bytes
        return self.learning.plan.bytes + beside


def compiled(
    task: Task, *, threads: int | None = None, weights: Weights | None = None, memory: int | None = None
) -> Programs:
    """The programs of a task, for `weights`, by default drawn with its seed; `memory` in bytes bounds both together.

    Raises `NetError` N7xx.
    """
    net, settings = task.net, task.settings
    weights = net.initialise(settings.seed) if weights is None else weights
    measuring = None
    if task.validation:
        measured = Weights(dict(weights)) if settings.ema else weights
        measuring = compile(net, measured, batch=settings.batch, threads=threads, memory=memory)
    learning = compile(
        net,
        weights,
        batch=settings.batch,
        wrt=net.learned,
        loss=with_penalties(net, task.objective.lower),
        update=update_for(net, settings),
        threads=threads,
        memory=memory and _left_beside(measuring, memory, shared=not settings.ema),
    )
    return Programs(learning, measuring)


def update_for(net: Net, settings: Settings) -> Update:
    """What `compile` takes as `update` of a training with these settings."""
    return update_of(
        net,
        settings.stepping,
        clip=settings.clip,
        accumulate=settings.accumulate,
        ema=settings.ema,
        skip=settings.on_nan == "skip",
    )


def _left_beside(measuring: Program | None, memory: int, *, shared: bool) -> int:
    """What is left of the memory beside a program that measures."""
    if measuring is None:
        return memory
    return max(memory - (bytes_beside(measuring.plan) if shared else measuring.plan.bytes), 1)
