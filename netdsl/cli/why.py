"""`netdsl why`: which kernel computes a node, and why no other does."""

from __future__ import annotations

import json
from typing import Any

import click

from netdsl.cli.how import How, compiles
from netdsl.cli.target import load_net, takes_net


@click.command("why")
@takes_net
@click.argument("node")
@compiles
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def why(net: str, parameters: tuple[str, ...], node: str, how: How, form: str) -> None:
    """What becomes of NODE, or of every node in a scope: its numbers, its kernel, and why others were refused.

    NODE is a path, as `netdsl summary NET` prints them: C1, stage[0].conv_2. With --train its gradients and update
    are told as well. Of a net with symbols (T=any) the numbers alone are told; -p T=100 sets one.
    """
    loaded = load_net(net, parameters)
    from netdsl.report.why import compiled, fate, nodes_of, numbers

    paths = nodes_of(loaded, node)
    if loaded.symbols:
        _print({"net": loaded.name}, [numbers(loaded, path) for path in paths], form)
        return
    at = compiled(
        loaded, batch=how.images, threads=how.threads, algorithm=how.algorithm, how=how.arguments(loaded), tune=how.tune
    )
    plan = at.plan
    whole = {
        "net": loaded.name,
        "batch": plan.batch,
        "training": how.training,
        "threads": plan.threads,
        "isa": plan.isa,
    }
    found = [{**numbers(loaded, path), **fate(at, path)} for path in paths]
    _print(whole, found, form)


def _print(whole: dict[str, Any], found: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        click.echo(json.dumps({**whole, "nodes": found}, indent=2, default=str))
        return
    from netdsl.report.why_text import lines

    click.echo("\n\n".join("\n".join(lines(one)) for one in found))
