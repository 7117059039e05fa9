"""`netdsl lint`: what is allowed and yet likely a slip."""

from __future__ import annotations

import json
from pathlib import Path

import click

from netdsl.cli.check import as_plain
from netdsl.cli.paths import PATH


@click.command()
@click.argument("nets", nargs=-1, required=True, metavar="NET…")
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the nets.")
@click.option("--weights", type=PATH, help="Weights that the nets are to take, as safetensors.")
@click.option("--strict", is_flag=True, help="Exit code 1 where anything is found.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def lint(nets: tuple[str, ...], parameters: tuple[str, ...], weights: Path | None, strict: bool, form: str) -> None:
    """Point at what each NET may have and likely should not: unused names, a bias before batch normalisation, …

    `netdsl explain CODE` has a page for each finding; `# lint: allow CODE` on the line, or above it, lets it be.
    Exit code 1 where a net has errors, and with --strict where anything is found.
    """
    from netdsl.errors import NetError, escape, render
    from netdsl.language.check import request
    from netdsl.language.parameters import parse_parameters
    from netdsl.lint.lint import lint as findings

    failed, plain = False, []
    for net in nets:
        try:
            found = findings(request(net, parse_parameters(parameters)), weights)
        except NetError as error:
            found = list(error.diagnostics)
        wrong = any(diagnostic.severity == "error" for diagnostic in found)
        failed |= wrong or (strict and bool(found))
        plain += [as_plain(diagnostic) for diagnostic in found]
        if form == "text" and found:
            click.echo(f"{render(found)}\n", err=wrong)
        if form == "text" and not wrong:
            click.echo(f"{escape(net)}: {f'{len(found)} found' if found else 'nothing found'}")
    if form == "json":
        click.echo(json.dumps({"ok": not failed, "diagnostics": plain}, indent=2))
    click.get_current_context().exit(1 if failed else 0)
