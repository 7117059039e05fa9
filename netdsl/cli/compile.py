"""`netdsl compile`: the plan that the engine would run."""

from __future__ import annotations

import json
from typing import Any

import click

from netdsl.cli.target import load_net, takes_net


@click.command("compile")
@takes_net
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Images a run.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256.")
@click.option("--algorithm", type=click.Choice(["auto", "direct"]), default="auto", help="direct: no Winograd.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
def compile_plan(
    net: str, parameters: tuple[str, ...], batch: int, threads: int | None, algorithm: str, form: str
) -> None:
    """The steps that run NET on this machine: operation, kernel, instruction set, threads, bytes.

    NETDSL_ISA=base, avx2 or avx512 forces an instruction set.
    """
    loaded = load_net(net, parameters)
    from netdsl.compiler.compile import compile as compile_net

    program = compile_net(loaded, batch=batch, threads=threads, algorithm=algorithm)
    steps = program.plan.describe()
    if form == "json":
        click.echo(json.dumps({"batch": batch, "threads": program.threads, "steps": steps}, indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    from netdsl.cli.terminal import show
    from netdsl.errors import escape

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in steps[0] if steps else ():
        numeric = isinstance(steps[0][title], int) and not isinstance(steps[0][title], bool)
        grid.add_column(title, justify="right" if numeric else "left", overflow="fold")
    for step in steps:
        grid.add_row(*(Text(escape(_word(value))) for value in step.values()))
    show(grid)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
