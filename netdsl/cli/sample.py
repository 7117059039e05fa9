"""`netdsl sample`: what a trained generator makes of noise."""

from __future__ import annotations

from pathlib import Path

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import show, takes_code


@click.command("sample")
@takes_code
@click.argument("run", type=PATH)
@click.option("--count", type=click.IntRange(1, 100_000), default=64, show_default=True, help="How many images.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="The noise follows from it."
)
@click.option("--out", required=True, type=PATH, help="FILE.png, a grid, or FILE.npz.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
def sample(run: Path, count: int, seed: int, out: Path, threads: int | None) -> None:
    """Write what RUN, the folder of a trained generator (runs/NAME/GENERATOR), makes of normal noise."""
    from netdsl.errors import escape
    from netdsl.shapes import format_shape
    from netdsl.training.answers.trained import open_run
    from netdsl.training.recipes import sample as sampling

    trained = open_run(run)
    show(trained.warnings)
    images = sampling.sample(trained, count, seed=seed, threads=threads)
    sampling.write_samples(out, images)
    click.echo(f"{escape(str(out))}: {count} of {format_shape(images.shape[1:])}")
