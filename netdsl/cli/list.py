"""`netdsl list`: what ships with netdsl."""

from __future__ import annotations

import json

import click


@click.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def list_shipped(form: str) -> None:
    """The nets and data that ship with netdsl."""
    from netdsl.report.shipped import shipped_data, shipped_nets

    found = {"nets": shipped_nets(), "data": shipped_data()}
    if form == "json":
        click.echo(
            json.dumps({kind: [{"name": n, "about": a} for n, a in rows] for kind, rows in found.items()}, indent=2)
        )
        return
    room = max(len(name) for rows in found.values() for name, _ in rows)
    for kind, rows in found.items():
        click.echo(kind)
        for name, about in rows:
            click.echo(f"  {name:<{room}}  {about}".rstrip())
