"""What the verbs that take a net share: its argument, `-p`, and the warnings of loading."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netdsl.errors import Diagnostic, escape, render

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.training.answers.trained import TrainedNet

Command = TypeVar("Command", bound=Callable[..., Any])


def takes_net(command: Command) -> Command:
    """Adds the argument NET, and the options -p and --allow-code."""
    parameters = click.option(
        "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the net."
    )
    return click.argument("net")(parameters(takes_code(command)))


def takes_code(command: Command) -> Command:
    """Adds the option --allow-code, which holds for as long as the command runs."""
    words = "Run the Python files that the net imports."
    return click.option("--allow-code", is_flag=True, expose_value=False, callback=_allow, help=words)(command)


def takes_strict(command: Command) -> Command:
    """Adds the option --strict."""
    words = "Refuse weights that hold NaN or infinities, which otherwise give a warning."
    return click.option("--strict", is_flag=True, help=words)(command)


def _allow(context: click.Context, _: click.Parameter, allowed: bool) -> None:
    """Let nets run code for as long as the command runs."""
    if allowed:
        from netdsl.language.custom import code_allowed

        context.with_resource(code_allowed())


def load_net(net: str, parameters: Iterable[str]) -> Net:
    """The net that was asked for; warnings go to stderr."""
    from netdsl.language.load import load
    from netdsl.language.parameters import parse_parameters

    given: dict[str, Any] = parse_parameters(parameters)
    loaded = load(net, **given)
    show(loaded.warnings)
    return loaded


def load_target(target: str, parameters: tuple[str, ...]) -> tuple[Net, TrainedNet | None]:
    """The net that was asked for; with what it learned where the target is the folder of a training."""
    if not (target.endswith(".safetensors") or Path(target).is_dir()):
        return load_net(target, parameters), None
    if parameters:
        raise click.UsageError(f"{escape(target)} is a trained net, whose parameters are set")
    from netdsl.training.answers.trained import open_run

    trained = open_run(target)
    show(trained.warnings)
    return trained.net, trained


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Diagnostics on stderr, if there are any."""
    found = list(diagnostics)
    if found:
        click.echo(render(found), err=True)
