"""`netdsl why`: which kernel computes a node, and why no other does."""

from __future__ import annotations

import json

import click

from netdsl.cli.target import load_net, takes_net


@click.command("why")
@takes_net
@click.argument("node")
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Images a run.")
@click.option("--train", "training", is_flag=True, help="In a training step: gradients and update as well.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256.")
@click.option("--algorithm", type=click.Choice(["auto", "direct"]), default="auto", help="direct: no Winograd.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def why(
    net: str,
    parameters: tuple[str, ...],
    node: str,
    batch: int,
    training: bool,
    threads: int | None,
    algorithm: str,
    form: str,
) -> None:
    """What becomes of NODE, or of every node in a scope: its numbers, its kernel, and why others were refused.

    NODE is a path, as `netdsl summary NET` prints them: C1, stage[0].conv_2.
    """
    loaded = load_net(net, parameters)
    from netdsl.report.why import compiled, fate, nodes_of, numbers
    from netdsl.report.why_text import lines

    paths = nodes_of(loaded, node)
    how = {}
    if training:
        from netdsl.training.bare import training_arguments

        how = training_arguments(loaded)
    at = compiled(loaded, batch=batch, threads=threads, algorithm=algorithm, how=how)
    whole = {"net": loaded.name, "batch": batch, "training": training, "threads": at.plan.threads, "isa": at.plan.isa}
    found = [{**numbers(loaded, path), **fate(at, path)} for path in paths]
    if form == "json":
        click.echo(json.dumps({**whole, "nodes": found}, indent=2))
        return
    click.echo("\n\n".join("\n".join(lines(one)) for one in found))
