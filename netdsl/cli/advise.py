"""`netdsl advise`: how to begin with weights that another task has taught."""

from __future__ import annotations

import click

from netdsl.cli.target import load_net, takes_net
from netdsl.errors import escape


@click.command("advise")
@takes_net
@click.option(
    "--data", metavar="NAME|FOLDER", help="The images of the new task; by default those of the `train` block."
)
@click.option("--task", type=click.Choice(["similar", "different"]), help="How the new task compares with the old one.")
def advise(net: str, parameters: tuple[str, ...], data: str | None, task: str | None) -> None:
    """What of NET to freeze, to draw anew and to learn on new data: the two-by-two table of transfer, as commands.

    The row follows from the images of a class in the data; the column is --task, without which both are shown.
    """
    from netdsl.data.open import open_data
    from netdsl.training.block.settings import read_settings
    from netdsl.training.loop import input_name
    from netdsl.training.transfer import advise as advice

    loaded = load_net(net, parameters)
    source = data or read_settings(loaded.settings).data
    part = open_data(source, size=loaded.nodes[input_name(loaded)].shape).train
    classes = len(part.classes)
    size = advice.size_of(len(part), classes)
    click.echo(
        f"{escape(source)}: {len(part):,} images of {classes} classes, {len(part) // classes:,} a class: {size} data "
        f"(much is {advice.ENOUGH:,} and more a class)"
    )
    for cell in advice.table(loaded, net, source):
        here = cell.size == size and task in (None, cell.task)
        click.echo(f"{'→' if here else ' '} {cell.size:<6} data, {cell.task + ' task:':<15} {cell.words}")
        if here:
            click.echo(f"    {cell.why}")
            for command in cell.commands:
                click.echo(f"    $ {escape(command)}")
