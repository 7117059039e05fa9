"""`netdsl eval`: how good a trained net is on images that it has not seen."""

from __future__ import annotations

import json
from pathlib import Path

import click

from netdsl.cli.target import takes_code, takes_strict


@click.command("eval")
@takes_code
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", metavar="NAME|PATH", help="Measure on the test part of these data, not of the run's own.")
@click.option("--metrics", metavar="NAME, …", help="What to measure, such as top5, confusion; by default as trained.")
@takes_strict
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def evaluate(run: Path, data: str | None, metrics: str | None, threads: int | None, strict: bool, form: str) -> None:
    """Metrics and loss of RUN, the folder of a training or a plan file made of it, on the test part of its data."""
    from netdsl.cli.terminal import show_columns
    from netdsl.errors import render
    from netdsl.training import evaluate as evaluation
    from netdsl.training.class_table import class_columns
    from netdsl.training.settings import read_metrics
    from netdsl.training.trained_plan import open_trained

    trained = open_trained(run, threads=threads, strict=strict)
    if trained.warnings:
        click.echo(render(trained.warnings), err=True)
    score = evaluation.evaluate(trained, data, metrics=read_metrics(metrics or ""), threads=threads)
    if form == "json":
        click.echo(json.dumps({**score.metrics, "loss": score.loss, "images": score.images, **score.tables}))
        return
    values = {**score.metrics, "loss": score.loss}
    click.echo("  ".join(f"{name} {value:.4f}" for name, value in values.items()) + f"  on {score.images} images")
    for titles, rows, numeric in class_columns(score, trained.record.classes):
        click.echo()
        show_columns(titles, rows, numeric)
