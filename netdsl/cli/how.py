"""What the verbs that compile a net share: for how many images, for what, on how many threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.amount import takes_memory

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights
    from netdsl.ops.op import Ops


@dataclass(frozen=True)
class How:
    """The options of `compiles`; `batch` is None where none was given."""

    batch: int | None
    training: bool
    threads: int | None
    algorithm: str
    tune: bool
    memory: int | None

    @property
    def images(self) -> int:
        """Images a run."""
        return self.batch or 1

    def arguments(self, net: Net) -> dict[str, Any]:
        """What makes the program of a net a training step, if that was asked for."""
        if not self.training:
            return {}
        from netdsl.training.bare import training_arguments

        return training_arguments(net)

    def compile(self, net: Net, weights: Weights | None = None) -> Program:
        """The net on the engine."""
        from netdsl.compiler.compile import compile

        made = net.initialise(1) if weights is None and self.training else weights
        plain: dict[str, Any] = {
            "batch": self.images,
            "threads": self.threads,
            "algorithm": self.algorithm,
            "memory": self.memory,
        }
        plain |= self.arguments(net)
        if not self.tune:
            return compile(net, made, **plain)
        from netdsl.cli.terminal import Meter
        from netdsl.compiler.tuning import Tuning

        with Meter(f"measuring how {net.name} runs fastest here") as meter:
            return compile(net, made, tune=Tuning(report=meter.report), **plain)

    def fit(self) -> Callable[[Ops], Ops] | None:
        """How a program is made to fit the memory, if there is a bound."""
        if self.memory is None:
            return None
        from netdsl.compiler.compile import memory_fit
        from netdsl.compiler.program import kernel_table

        return memory_fit(self.memory, self.images, kernel_table(None), self.algorithm)


def compiles(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of `How`, which the command gets as `how`."""

    @wraps(command)
    def wrapped(
        batch: int | None,
        training: bool,
        threads: int | None,
        algorithm: str,
        memory: int | None,
        no_tune: bool,
        **rest: Any,
    ) -> Any:
        return command(how=How(batch, training, threads, algorithm, not no_tune, memory), **rest)

    options = (
        click.option("--batch", type=click.IntRange(min=1), help="Images a run.  [default: 1]"),
        click.option("--train", "training", is_flag=True, help="A whole training step: forward, backward, update."),
        click.option("--threads", type=int, help="Threads of the engine, 1 to 256; by default the usable cores."),
        click.option("--algorithm", type=click.Choice(["auto", "direct"]), default="auto", help="direct: no Winograd."),
        takes_memory,
        click.option("--no-tune", is_flag=True, help="Take good defaults instead of what was measured here."),
    )
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped
