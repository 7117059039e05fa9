"""`netdsl diff`: two nets side by side."""

from __future__ import annotations

import json
from pathlib import Path

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import load_net
from netdsl.errors import escape


@click.command()
@click.argument("net")
@click.argument("other", required=False)
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter; see above.")
@click.option("-o", "--out", type=PATH, help="Draw the difference: x.svg.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def diff(net: str, other: str | None, parameters: tuple[str, ...], out: Path | None, form: str) -> None:
    """What changes from NET to OTHER: parts that were added, removed and changed, with shapes, parameters and MACs.

    With NET alone its parameters differ: `-p A -p B` compares it under A and under B, one `-p` with the net as it is.
    With two nets each `-p` holds for both. Equal parts share a line; names do not count.
    """
    if other is None and not 1 <= len(parameters) <= 2:
        raise click.UsageError("give two nets, or one net and one or two -p")
    if out is not None and out.suffix != ".svg":
        raise click.BadParameter(f"`{escape(out.name)}` does not end in `.svg`", param_hint="-o")
    if other is None:
        sides = [(net, parameters[:-1]), (net, parameters[-1:])]
    else:
        sides = [(net, parameters), (other, parameters)]
    from netdsl.graph.diff import compare
    from netdsl.report.diff import NUMERIC, TITLES, as_json, rows, totals

    one, two = (load_net(name, given) for name, given in sides)
    found = compare(one, two)
    if out is not None:
        from netdsl.files.atomic import replace_text
        from netdsl.report.diff_figure import draw_difference

        replace_text(out, draw_difference(found))
    if form == "json":
        click.echo(json.dumps(as_json(found), indent=2))
        return
    from netdsl.cli.terminal import show_columns

    names = [
        " ".join((n.name, *given)) if other is None else n.name for n, (_, given) in zip((one, two), sides, strict=True)
    ]
    click.echo(f"{names[0]} → {names[1]}: {'equal' if found.equal else 'different'}\n")
    show_columns(TITLES, [row.cells() for row in rows(found.pairs)], NUMERIC)
    click.echo()
    show_columns(["", *names, "", ""], totals(found), [False, True, True, True, True])
