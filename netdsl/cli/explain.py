"""`netdsl explain`: the page behind an error code."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("code")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def explain(code: str, form: str) -> None:
    """What CODE, such as N301, means, with an example and the way out."""
    from netdsl.codes import find
    from netdsl.errors import escape

    page = find(code)
    if page is None:
        raise click.BadParameter(f"there is no code `{escape(code)}`; codes look like N301 or W001", param_hint="CODE")
    if form == "json":
        click.echo(json.dumps({"code": page.code, "title": page.title, "text": page.text}, indent=2))
    else:
        click.echo(f"{page.code}: {page.title}\n\n{page.text.strip()}")
