"""`netdsl replay`: does a run give the same bits again?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import takes_code


@click.command("replay")
@takes_code
@click.argument("run", type=PATH)
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
def replay(run: Path, threads: int | None) -> None:
    """Train what RUN, the folder of a training, tells of once more, and compare weights and metrics bit by bit.

    RUN stays as it is. Exit code 1 where something differs.
    """
    from netdsl.training.runs import replay as repetition
    from netdsl.training.scores.progress import choose

    done = repetition.replay(run, threads=threads, progress=choose(sys.stdout))
    for line in done.notes:
        click.echo(line)
    for line in done.equal:
        click.echo(f"equal      {line}")
    for line in done.differences:
        click.echo(f"different  {line}")
    click.echo(f"after {done.steps} steps: {'not the same bits' if done.differences else 'the same bits'}")
    if done.differences:
        sys.exit(1)
