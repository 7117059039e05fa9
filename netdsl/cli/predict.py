"""`netdsl predict`: what a trained net sees on photographs."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import click

from netdsl.cli.target import takes_code, takes_strict
from netdsl.cli.together import asks_together, open_all


@click.command("predict")
@takes_code
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="Guesses a file.")
@click.option(
    "--masks", metavar="FOLDER", type=click.Path(path_type=Path), help="Write the masks that a net answers, as PNG."
)
@takes_strict
@asks_together
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def predict(
    run: Path,
    files: tuple[Path, ...],
    top: int,
    threads: int | None,
    strict: bool,
    ensemble: tuple[Path, ...],
    crops: str,
    form: str,
    masks: Path | None,
) -> None:
    """The classes that RUN, a training's folder or a plan file of it, gives each of FILES, the likeliest first.

    Of a net that answers with a mask, the share of pixels that each class has, the largest first. An .npz file has many
    examples, in an array for each input of the net, under its name.
    """
    from netdsl.cli.masks import write_masks
    from netdsl.errors import escape, fail
    from netdsl.training.answers import predict as prediction

    together = open_all((run, *ensemble), int(crops), threads=threads, strict=strict)
    found: list[prediction.Prediction] = []
    for packed, group in groupby(files, key=lambda file: file.suffix == ".npz"):
        if not packed:
            found += prediction.predict(together, list(group), top=top)
            continue
        trained, *others = together.members
        if others or together.views > 1:
            raise fail("N508", "an .npz file is for one net to answer", help="leave `--ensemble` and `--crops` out")
        for file in group:
            found += prediction.predict_arrays(trained, file, top=top, threads=threads)
    if masks:
        write_masks(masks, found, len(together.members[0].record.classes))
    if form == "json":
        rows = [
            {"file": str(one.path), "classes": [{"name": g.name, "score": g.score} for g in one.guesses]}
            for one in found
        ]
        click.echo(json.dumps(rows))
        return
    for one in found:
        click.echo(escape(str(one.path)))
        for guess in one.guesses:
            click.echo(f"  {guess.score:8.4f}  {escape(guess.name)}")
