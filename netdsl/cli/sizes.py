"""`netdsl sizes`: the input sizes for which a net is valid."""

from __future__ import annotations

import json

import click

from netdsl.cli.target import load_net, takes_net


@click.command("sizes")
@takes_net
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def sizes(net: str, parameters: tuple[str, ...], form: str) -> None:
    """The input sizes for which NET is valid, solved from its formulas, and the output for each.

    Valid: every layer has an output, merges fit, windows leave no pixel out, and weights keep their shapes.
    """
    loaded = load_net(net, parameters)
    from netdsl.graph.sizes import valid_sizes
    from netdsl.report.sizes import as_json, lines

    found = valid_sizes(loaded)
    click.echo(json.dumps(as_json(found), indent=2) if form == "json" else "\n".join(lines(found)))
