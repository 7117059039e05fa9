"""The options of `netdsl train` that try a training out instead of running it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from netdsl.training.loop import Task
    from netdsl.training.programs import Programs

Command = TypeVar("Command", bound=Callable[..., Any])
Trial = Callable[["Task", "Programs"], None]
SHOWN = 12
"""Rows of the range test that are printed."""


def show_rehearsal(task: Task, programs: Programs) -> None:
    """What would be trained, line by line, after a few steps of it."""
    from netdsl.training.rehearse import rehearse

    for what, words in rehearse(task, programs):
        click.echo(f"{what:<10}{words}")
    click.echo("nothing was written")


def show_range_test(task: Task, programs: Programs) -> None:
    """The loss over a step size that rises, and the step size that it proposes."""
    from netdsl.cli.terminal import show_columns
    from netdsl.training.find_rate import find_rate

    found = find_rate(task, programs)
    rows = [[f"{rate:.2g}", f"{loss:.4f}"] for rate, loss in found.sample(SHOWN)]
    show_columns(["lr", "loss"], rows, [True, True])
    if found.best is None:
        click.echo("the loss never fell: another loss, or images that are scaled, may help")
    else:
        click.echo(f"the loss falls most steeply at {found.best:.2g}: --set optimizer.lr={found.best:.2g}")


def takes_trying(command: Command) -> Command:
    """Adds --dry-run and --lr-find, what is done in place of a training, as `trial`."""
    for name, trial, words in reversed(_TRIALS):
        option = click.option(name, "trial", flag_value=trial, type=click.UNPROCESSED, default=None, help=words)
        command = option(command)
    return command


_TRIALS = (
    ("--dry-run", show_rehearsal, "Say what would be trained, after a few steps; write nothing."),
    ("--lr-find", show_range_test, "Propose a step size by a range test; write nothing."),
)
