"""`netdsl summary`: what a net is made of and what it costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from netdsl.cli.target import load_net, takes_net
from netdsl.cli.transfer import changes_net, edited

if TYPE_CHECKING:
    from netdsl.graph.net import Setting

FORMS = ("table", "tree", "keras", "markdown", "csv", "json")


@click.command()
@takes_net
@changes_net
@click.option("--format", "form", type=click.Choice(FORMS), default="table", show_default=True, help="How to print it.")
def summary(net: str, parameters: tuple[str, ...], form: str, transfer: list[Setting]) -> None:
    """Shapes, parameters, multiply-adds and receptive fields of NET, node by node.

    What the `train` block of the net, or an option, cuts off and freezes is counted so.
    """
    from netdsl.report.summary import as_json, summarise

    found = summarise(edited(load_net(net, parameters), transfer))
    if form == "json":
        click.echo(json.dumps(as_json(found), indent=2, default=str))
        return
    if form in ("csv", "markdown"):
        from netdsl.report.listing import as_csv, as_markdown

        click.echo(as_csv(found) if form == "csv" else as_markdown(found), nl=False)
        return
    if form == "tree":
        from netdsl.report.tree import as_tree

        click.echo(as_tree(found), nl=False)
        return
    from netdsl.report.table import keras_table, table

    if form == "keras":
        click.echo(keras_table(found), nl=False)
        return
    from netdsl.cli.terminal import show

    show(table(found))
