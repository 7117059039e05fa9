"""The options of `netdsl train` about keeping a run: resuming and saving."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netdsl.cli.paths import PATH

if TYPE_CHECKING:
    from netdsl.training.keeping.save_every import SaveEvery

Command = TypeVar("Command", bound=Callable[..., Any])


def takes_keeping(command: Command) -> Command:
    """Adds --resume as `run`, --override, --save-every as `every`, --on-nan, and --max-time as `limit`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def check_together(net: str | None, run: Path | None, out: Path | None, override: bool, parameters: object) -> None:
    """`UsageError` for options that say nothing together."""
    if net is None and run is None:
        raise click.UsageError("Missing argument 'NET', or --resume RUN.")
    if override and run is None:
        raise click.UsageError("--override says what --resume RUN may overlook.")
    if out is not None and run is not None:
        raise click.UsageError("--resume goes on in its own folder, not in --out.")
    if net is None and parameters:
        raise click.UsageError("-p sets a parameter of NET; without NET the run's own hold.")


def _read_every(context: click.Context, parameter: click.Parameter, text: str | None) -> SaveEvery | None:
    from netdsl.training.keeping.save_every import parse_save_every

    return None if text is None else parse_save_every(text)


def _read_limit(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    from netdsl.training.keeping.save_every import parse_time

    return None if text is None else parse_time(text, "--max-time")


ON_NAN = ("stop", "skip", "rollback")
_OPTIONS = (
    click.option("--resume", "run", type=PATH, metavar="RUN", help="Go on with a run."),
    click.option("--override", is_flag=True, help="Resume although net, data, settings or build have changed."),
    click.option(
        "--save-every",
        "every",
        metavar="STEPS|TIME",
        callback=_read_every,
        help="How often to save inside an epoch: 500 steps, 90s, 10m (the default), 2h.",
    ),
    click.option(
        "--on-nan", type=click.Choice(ON_NAN), help="What becomes of a step that is not finite; by default stop."
    ),
    click.option(
        "--max-time",
        "limit",
        metavar="TIME",
        callback=_read_limit,
        help="Save and stop after 90s, 30m, 8h; --resume goes on.",
    ),
)
