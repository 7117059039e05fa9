"""`--ensemble` and `--crops`: asking several trained nets, or one about several views of an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import show

if TYPE_CHECKING:
    from netdsl.training.answers.ensemble import Ensemble

Command = TypeVar("Command", bound=Callable[..., Any])


def asks_together(command: Command) -> Command:
    """Adds the options --ensemble and --crops."""
    crops = click.option(
        "--crops",
        type=click.Choice(["1", "5", "10"]),
        default="1",
        help="Views of an image: the whole, the corners and the centre, these and their mirror images.",
    )
    more = click.option(
        "--ensemble",
        multiple=True,
        metavar="RUN",
        type=PATH,
        help="A further net, with whose answer the mean is taken; may be given several times.",
    )
    return more(crops(command))


def open_all(runs: Sequence[Path], views: int, *, threads: int | None, strict: bool) -> Ensemble:
    """The nets of the runs, to be asked together; warnings go to stderr."""
    from netdsl.training.answers.ensemble import Ensemble
    from netdsl.training.answers.trained_plan import open_trained

    members = tuple(open_trained(run, threads=threads, strict=strict) for run in runs)
    for one in members:
        show(one.warnings)
    return Ensemble(members, views, threads)
