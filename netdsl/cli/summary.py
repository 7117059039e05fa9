"""`netdsl summary`: what a net is made of and what it costs."""

from __future__ import annotations

import json

import click

from netdsl.cli.target import load_net, takes_net


@click.command()
@takes_net
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "keras"]), default="table", help="How to print it."
)
def summary(net: str, parameters: tuple[str, ...], form: str) -> None:
    """Shapes, parameters, multiply-adds and receptive fields of NET, node by node."""
    from netdsl.report.summary import as_json, summarise

    found = summarise(load_net(net, parameters))
    if form == "json":
        click.echo(json.dumps(as_json(found), indent=2))
        return
    from netdsl.report.table import keras_table, table

    if form == "keras":
        click.echo(keras_table(found), nl=False)
        return
    from netdsl.cli.terminal import show

    show(table(found))
