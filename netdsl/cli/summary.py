"""`netdsl summary`: what a net is made of and what it costs."""

from __future__ import annotations

import json

import click

from netdsl.cli.target import load_net, takes_net

FORMS = ("table", "tree", "keras", "markdown", "csv", "json")


@click.command()
@takes_net
@click.option("--format", "form", type=click.Choice(FORMS), default="table", show_default=True, help="How to print it.")
def summary(net: str, parameters: tuple[str, ...], form: str) -> None:
    """Shapes, parameters, multiply-adds and receptive fields of NET, node by node."""
    from netdsl.report.summary import as_json, summarise

    found = summarise(load_net(net, parameters))
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
