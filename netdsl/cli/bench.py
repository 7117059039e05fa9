"""`netdsl bench`: how fast a net runs or learns on this machine, and where the time goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.target import load_net, takes_net

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net


@click.command()
@takes_net
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Images a run.")
@click.option("--train", "training", is_flag=True, help="Measure a whole training step: forward, backward, update.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256.")
@click.option("--algorithm", type=click.Choice(["auto", "direct"]), default="auto", help="direct: no Winograd.")
@click.option("--profile", is_flag=True, help="Time each step as well.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
def bench(
    net: str,
    parameters: tuple[str, ...],
    batch: int,
    training: bool,
    threads: int | None,
    algorithm: str,
    profile: bool,
    form: str,
) -> None:
    """Median and spread of runs of NET on random images, GF/s and memory. Measure on an idle machine.

    GF/s count two operations for a multiply-add of the forward pass, three times as many for a training step, as a
    direct sum would do them: Winograd's algorithm can pass 100 % of the peak.
    """
    loaded = load_net(net, parameters)
    program, scalars = _program(loaded, batch, training, threads, algorithm)
    from netdsl.compiler.timing import gflops, memory_mib, peak_gflops, random_inputs, step_rows, time_runs

    images = random_inputs(loaded, program, batch)
    timing = time_runs(lambda: program.step(images, **scalars))
    memory, peak = memory_mib(), peak_gflops(program.threads)
    speed = gflops(loaded.macs * batch * (3 if training else 1), timing.median)
    found: dict[str, Any] = {
        "net": loaded.name,
        "batch": batch,
        "training": training,
        "threads": program.threads,
        "isa": program.plan.isa,
        "runs": len(timing.milliseconds),
        "median_ms": round(timing.median, 4),
        "from_ms": round(timing.spread[0], 4),
        "to_ms": round(timing.spread[1], 4),
        "gflops": round(speed, 1),
        "peak_gflops": round(peak, 1),
        "memory_mib": round(memory, 1),
    }
    if profile:
        found["steps"] = step_rows(program.profile(images, runs=5, **scalars), batch, peak)
    if form == "json":
        click.echo(json.dumps(found, indent=2))
        return
    _show(found)


def _program(
    net: Net, batch: int, training: bool, threads: int | None, algorithm: str
) -> tuple[Program, dict[str, float]]:
    if training:
        from netdsl.training.bare import SCALARS, training_program

        return training_program(net, batch=batch, threads=threads, algorithm=algorithm), SCALARS
    from netdsl.compiler.compile import compile as compile_net

    return compile_net(net, batch=batch, threads=threads, algorithm=algorithm), {}


def _show(found: dict[str, Any]) -> None:
    what = "training step" if found["training"] else "inference"
    click.echo(f"{found['net']}, {what}, batch {found['batch']}, {found['threads']} threads, {found['isa']}")
    click.echo(
        f"median {found['median_ms']} ms (from {found['from_ms']} to {found['to_ms']}, {found['runs']} runs), "
        f"{found['gflops']} GF/s, {found['gflops'] / found['peak_gflops']:.0%} of {found['peak_gflops']}; "
        f"memory {found['memory_mib']} MiB"
    )
    if "steps" not in found:
        return
    from rich.table import Table

    from netdsl.cli.terminal import show
    from netdsl.errors import escape

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("node", "kernel", "phase", "microseconds", "share", "GF/s", "of peak"):
        grid.add_column(title, justify="left" if title in ("node", "kernel", "phase") else "right", overflow="fold")
    for row in found["steps"]:
        measured = (f"{row['gflops']:.1f}", f"{row['of_peak']:.0%}") if row["gflops"] else ("-", "-")
        numbers = (f"{row['microseconds']:,.1f}", f"{row['share']:.1%}", *measured)
        grid.add_row(escape(row["node"]), row["kernel"], row["phase"], *numbers)
    show(grid)
