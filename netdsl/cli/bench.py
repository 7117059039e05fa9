"""`netdsl bench`: how fast a net runs or learns on this machine, and where the time goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.how import How, compiles
from netdsl.cli.target import load_target, takes_net
from netdsl.errors import escape

if TYPE_CHECKING:
    from netdsl.compiler.program import Program

PLAN = ".plan"


@click.command()
@takes_net
@compiles
@click.option("--profile", is_flag=True, help="Time each step as well.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
def bench(net: str, parameters: tuple[str, ...], how: How, profile: bool, form: str) -> None:
    """Median and spread of runs of NET on random images, GF/s and memory. Measure on an idle machine.

    NET may be the folder of a training or a plan file, too. The first time, choices that leave the bits alone are
    measured, and kept (--no-tune). GF/s count two operations for a multiply-add of the forward pass, three times as
    many for a training step, as a direct sum would do them: Winograd's algorithm can pass 100 % of the peak.
    """
    name, macs, program, scalars = _program(net, parameters, how)
    from netdsl.compiler.timing import gflops, memory_mib, peak_gflops, random_inputs, step_rows, time_runs

    batch = how.batch or program.plan.batch
    training = bool(scalars)
    images = random_inputs(program, batch)
    timing = time_runs(lambda: program.step(images, **scalars))
    memory, peak = memory_mib(), peak_gflops(program.threads)
    speed = gflops(macs * batch * (3 if training else 1), timing.median)
    found: dict[str, Any] = {
        "net": name,
        "batch": batch,
        "training": training,
        "threads": program.threads,
        "isa": program.plan.isa,
        "runs": len(timing.milliseconds),
        "median_ms": round(timing.median, 4),
        "from_ms": round(timing.spread[0], 4),
        "to_ms": round(timing.spread[1], 4),
        "images_a_second": round(1000 * batch / timing.median, 1),
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


def _program(target: str, parameters: tuple[str, ...], how: How) -> tuple[str, int, Program, dict[str, float]]:
    """The name of what is measured, its multiply-adds, its program, and the numbers that a training step binds."""
    if target.endswith(PLAN):
        return _planned(Path(target), parameters, how)
    loaded, trained = load_target(target, parameters)
    program = how.compile(loaded, trained.weights if trained else None)
    if not how.training:
        return loaded.name, loaded.macs, program, {}
    from netdsl.training.bare import SCALARS

    return loaded.name, loaded.macs, program, SCALARS


def _planned(path: Path, parameters: tuple[str, ...], how: How) -> tuple[str, int, Program, dict[str, float]]:
    from netdsl.compiler.plan_file import load_plan

    if parameters or how.training or how.memory or how.algorithm != "auto":
        raise click.UsageError(
            f"{escape(str(path))} is compiled: -p, --train, --memory and --algorithm were decided then"
        )
    program = load_plan(path, threads=how.threads)
    if how.images > program.plan.batch:
        raise click.UsageError(f"{escape(str(path))} was compiled for batches of up to {program.plan.batch} images")
    about = program.about
    return str(about.get("net", path.stem)), int(about.get("macs", 0)), program, dict(about.get("scalars", {}))


def _show(found: dict[str, Any]) -> None:
    threads = f"{found['threads']} thread{'s' * (found['threads'] > 1)}"
    what = "training step" if found["training"] else "inference"
    click.echo(f"{escape(found['net'])}, {what}, batch {found['batch']}, {threads}, {found['isa']}")
    click.echo(
        f"median {found['median_ms']} ms (from {found['from_ms']} to {found['to_ms']}, {found['runs']} runs), "
        f"{found['images_a_second']:,} images/s"
    )
    click.echo(
        f"{found['gflops']} GF/s, {found['gflops'] / found['peak_gflops']:.0%} of {found['peak_gflops']}; "
        f"memory {found['memory_mib']} MiB"
    )
    if "steps" in found:
        _table(found["steps"], training=found["training"])


def _table(steps: list[dict[str, Any]], *, training: bool) -> None:
    """A row a step; on 100 columns only names of nodes fold."""
    from rich.table import Table

    from netdsl.cli.terminal import show

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    grid.add_column("node", overflow="fold")
    for title in ("kernel", *(["phase"] if training else [])):
        grid.add_column(title, no_wrap=True)
    for title in ("µs", "share", "GF/s", "of peak", "MiB", "GB/s"):
        grid.add_column(title, justify="right", no_wrap=True)
    for row in steps:
        product = (f"{row['gflops']:.1f}", f"{row['of_peak']:.0%}") if row["gflops"] else ("-", "-")
        moved = (f"{row['bytes'] / 2**20:.1f}", f"{row['gigabytes_a_second']:.1f}")
        words = (escape(row["node"] or "loss"), row["kernel"], *([row["phase"]] if training else []))
        grid.add_row(*words, f"{row['microseconds']:,.1f}", f"{row['share']:.1%}", *product, *moved)
    show(grid)
