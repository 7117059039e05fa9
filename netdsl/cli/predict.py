"""`netdsl predict`: what a trained net sees on photographs."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import takes_code, takes_strict
from netdsl.cli.together import asks_together, open_all

if TYPE_CHECKING:
    from netdsl.training.answers.predict import Prediction


@click.command("predict")
@takes_code
@click.argument("run", type=PATH)
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="Guesses a file.")
@click.option("--masks", metavar="FOLDER", type=PATH, help="Write the masks that a net answers, as PNG.")
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
    examples, in an array for each input of the net, under its name; the input of a net with one may be called `x`.
    """
    from netdsl.cli.masks import write_masks
    from netdsl.errors import escape
    from netdsl.training.answers import predict as prediction

    together = open_all((run, *ensemble), int(crops), threads=threads, strict=strict)
    found: list[prediction.Prediction] = []
    for packed, group in groupby(files, key=lambda file: file.suffix.lower() == ".npz"):
        if not packed:
            found += prediction.predict(together, list(group), top=top)
            continue
        for file in group:
            found += prediction.predict_arrays(together, file, top=top)
    if masks:
        write_masks(masks, found)
    if form == "json":
        click.echo(json.dumps([_row(one) for one in found]))
        return
    for one in found:
        click.echo(escape(str(one.path)))
        for output, answer in one.answers.items():
            if len(one.answers) > 1:
                click.echo(f"  {escape(output)}")
            for guess in answer.guesses:
                click.echo(f"  {guess.score:8.4f}  {escape(guess.name)}")


def _row(one: Prediction) -> dict[str, Any]:
    """A prediction as JSON: the classes of the first output, and, where there are several, those of each."""
    found = {
        name: [{"name": guess.name, "score": guess.score} for guess in answer.guesses]
        for name, answer in one.answers.items()
    }
    row = {"file": str(one.path), "classes": next(iter(found.values()))}
    return row | ({"outputs": found} if len(found) > 1 else {})
