"""`netdsl check`: the mistakes in a file, all at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from netdsl.cli.target import show, takes_net
from netdsl.cli.transfer import edited

if TYPE_CHECKING:
    from netdsl.errors import Diagnostic
    from netdsl.graph.net import Net


@click.command()
@takes_net
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def check(net: str, parameters: tuple[str, ...], form: str) -> None:
    """Find the mistakes in NET: syntax, names, shapes and asserts.

    Exit code 1 where there is an error; warnings alone do not count.
    """
    from netdsl.errors import escape
    from netdsl.language.check import check_file
    from netdsl.language.parameters import parse_parameters
    from netdsl.symbolic.symbol import demands_of

    nets, found = check_file(net, parse_parameters(parameters))
    wrong = {one.name: _of_transfer(one) for one in nets}
    nets = [one for one in nets if not wrong[one.name]]
    found = (*found, *(diagnostic for of_one in wrong.values() for diagnostic in of_one))
    failed = any(diagnostic.severity == "error" for diagnostic in found)
    show(found)
    if form == "json":
        names = [one.name for one in nets]
        result = {"ok": not failed, "nets": names, "diagnostics": [as_plain(diagnostic) for diagnostic in found]}
        click.echo(json.dumps(result, indent=2))
    else:
        for one in nets:
            for skipped in one.skipped:
                click.echo(f"skipped: {escape(skipped)}", err=True)
            click.echo(f"{escape(one.name)}: {len(one.nodes):,} nodes, {one.params:,} parameters")
            for symbol in one.symbols:
                for demand in demands_of(symbol):
                    click.echo(f"  {demand}")
    click.get_current_context().exit(1 if failed else 0)


def _of_transfer(net: Net) -> tuple[Diagnostic, ...]:
    """What is wrong with what the `train` block cuts off, puts on and freezes."""
    from netdsl.errors import NetError

    try:
        edited(net, [])
    except NetError as error:
        return error.diagnostics
    return ()


def as_plain(diagnostic: Diagnostic) -> dict[str, object]:
    """A diagnostic as values of JSON."""
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": span.source.name if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "facts": [list(fact) for fact in diagnostic.facts],
        "fixes": [fix.words for fix in diagnostic.fixes],
        "help": diagnostic.help,
    }
