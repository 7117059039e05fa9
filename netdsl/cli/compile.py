"""`netdsl compile`: the plan that the engine would run, or the program after any pass on the way to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.target import load_net, takes_net

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net


class _Passes(click.Command):
    """Help that ends with the names of the passes, which are imported only for this."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from netdsl.compiler.stages import STAGES

        formatter.write_paragraph()
        formatter.write_text(f"Passes, in order: {', '.join(STAGES)}.")


@click.command("compile", cls=_Passes)
@takes_net
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Images a run.")
@click.option("--train", "training", is_flag=True, help="The whole training step: forward, backward, update.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256.")
@click.option("--algorithm", type=click.Choice(["auto", "direct"]), default="auto", help="direct: no Winograd.")
@click.option("--until", metavar="PASS", help="Print the program as it is after PASS, one of those below.")
@click.option("--show", is_flag=True, help="Print what every pass changes up to there: - before, + after.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
def compile_plan(
    net: str,
    parameters: tuple[str, ...],
    batch: int,
    training: bool,
    threads: int | None,
    algorithm: str,
    until: str | None,
    show: bool,
    form: str,
) -> None:
    """The steps that run NET on this machine: operation, kernel, instruction set, threads, bytes.

    NETDSL_ISA=base, avx2 or avx512 forces an instruction set.
    """
    loaded = load_net(net, parameters)
    found: dict[str, Any] = {}
    if until or show:
        from netdsl.report.stages import check_stage

        until = check_stage(until or "plan")
        found["passes"] = _programs(loaded, until, show, training, algorithm, form)
    if until in (None, "plan"):
        program = _compiled(loaded, batch, training, threads, algorithm)
        found |= {"batch": batch, "threads": program.threads, "steps": program.plan.describe()}
        if form == "table":
            _table(found["steps"])
    if form == "json":
        click.echo(json.dumps(found, indent=2))


def _compiled(net: Net, batch: int, training: bool, threads: int | None, algorithm: str) -> Program:
    if training:
        from netdsl.training.bare import training_program

        return training_program(net, batch=batch, threads=threads, algorithm=algorithm)
    from netdsl.compiler.compile import compile as compile_net

    return compile_net(net, batch=batch, threads=threads, algorithm=algorithm)


def _programs(net: Net, until: str, show: bool, training: bool, algorithm: str, form: str) -> list[dict[str, Any]]:
    """Prints the program after a pass, or what each pass before it changed, unless it will be JSON."""
    from netdsl.report.stages import changes, lines_until
    from netdsl.training.bare import training_arguments

    how = training_arguments(net) if training else {}
    found = lines_until(net, until, algorithm=algorithm, **how)
    if form == "table" and show:
        click.echo("\n".join(changes(found)) + "\n" * (until == "plan"))
    elif form == "table" and until != "plan":
        click.echo("\n".join(found[-1][1]))
    return [{"name": name, "operations": lines} for name, lines in found[0 if show else -1 :]]


def _table(steps: list[dict[str, Any]]) -> None:
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
