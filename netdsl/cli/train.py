"""`netdsl train`: from a net and images to a folder with its weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.amount import takes_memory
from netdsl.cli.target import takes_code, takes_strict
from netdsl.cli.transfer import takes_weights

if TYPE_CHECKING:
    from netdsl.graph.net import Setting


@click.command("train")
@takes_code
@click.argument("net")
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the net.")
@click.option("--data", metavar="NAME|PATH", help="What to train on, in place of the data that the net names.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run; by default runs/NAME, runs/NAME-2, …")
@click.option("--epochs", type=int, help="How often to go through the images.")
@click.option("--steps", type=int, help="Stop after so many updates.")
@click.option("--batch", type=int, help="Images an update.")
@click.option("--seed", type=int, help="Number that all random choices follow from.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
@takes_memory
@takes_weights
@takes_strict
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any setting, such as optimizer.lr=0.1.")
def train(
    net: str,
    parameters: tuple[str, ...],
    data: str | None,
    out: Path | None,
    epochs: int | None,
    steps: int | None,
    batch: int | None,
    seed: int | None,
    threads: int | None,
    memory: int | None,
    settings: tuple[str, ...],
    transfer: list[Setting],
    strict: bool,
) -> None:
    """Train NET: a file, FILE:NET, or the name of a net that ships.

    Settings come from the `train` block of the net; options override them. The last line says where the run was saved.
    """
    from netdsl.language.load import load_together
    from netdsl.language.parameters import parse_parameters
    from netdsl.training.progress import choose
    from netdsl.training.session import train_net

    given: dict[str, Any] = parse_parameters(parameters)
    nets = load_together(net, **given)
    _warn(nets[0].warnings)
    plain = {"data": data, "epochs": epochs, "steps": steps, "batch": batch, "seed": seed}
    overrides = [*_overrides(settings, plain), *transfer]
    how: dict[str, Any] = {"out": out, "threads": threads, "memory": memory, "strict": strict}
    if len(nets) > 1:
        from netdsl.training.recipes.contest import train_together

        del how["strict"]  # nothing is read
        session = train_together(nets, overrides, progress=choose(sys.stdout), **how)
    else:
        session = train_net(nets[0], overrides, progress=choose(sys.stdout), **how)
    click.echo(f"saved to {session.folder}")
    if session.exit_code:
        sys.exit(session.exit_code)


def _overrides(settings: tuple[str, ...], plain: dict[str, Any]) -> list[Setting]:
    from netdsl.training.override import parse_override, plain_override

    found = [line for text in settings for line in parse_override(text)]
    return found + [plain_override(k, v, option=f"--{k}") for k, v in plain.items() if v is not None]


def _warn(warnings: tuple[Any, ...]) -> None:
    from netdsl.errors import render

    if warnings:
        click.echo(render(warnings), err=True)
