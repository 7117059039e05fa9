"""`netdsl eval`: how good a trained net is on images that it has not seen."""

from __future__ import annotations

import json
from pathlib import Path

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import takes_code, takes_strict
from netdsl.cli.together import asks_together, open_all


@click.command("eval")
@takes_code
@click.argument("run", type=PATH)
@click.option("--data", metavar="NAME|PATH", help="Measure on the test part of these data, not of the run's own.")
@click.option("--metrics", metavar="NAME, …", help="What to measure, such as top5, confusion; by default as trained.")
@takes_strict
@asks_together
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def evaluate(
    run: Path,
    data: str | None,
    metrics: str | None,
    threads: int | None,
    strict: bool,
    ensemble: tuple[Path, ...],
    crops: str,
    form: str,
) -> None:
    """Metrics and loss of RUN, the folder of a training or a plan file made of it, on the test part of its data."""
    from netdsl.cli.terminal import show_columns
    from netdsl.training.answers import evaluate as evaluation
    from netdsl.training.block.settings import read_metrics
    from netdsl.training.scores.class_table import class_columns

    together, asked = (
        open_all((run, *ensemble), int(crops), threads=threads, strict=strict),
        read_metrics(metrics or ""),
    )
    trained = together.members[0]
    if len(together.members) == together.views == 1:
        score = evaluation.evaluate(trained, data, metrics=asked, threads=threads)
    else:
        score = evaluation.evaluate_ensemble(together, data, metrics=asked)
    if form == "json":
        click.echo(json.dumps({**score.metrics, "loss": score.loss, "images": score.images, **score.tables}))
        return
    values = {**score.metrics, "loss": score.loss}
    click.echo("  ".join(f"{name} {value:.4f}" for name, value in values.items()) + f"  on {score.images} images")
    record, several = trained.record, len(trained.objective.measured) > 1
    for output in trained.objective.measured:
        classes = record.others.get(output, record.classes)
        for titles, rows, numeric in class_columns(score, classes, output if several else ""):
            click.echo()
            show_columns(titles, rows, numeric)
