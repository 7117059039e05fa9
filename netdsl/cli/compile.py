"""`netdsl compile`: the plan that the engine would run, the program after any pass on the way, or a plan file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.how import How, compiles
from netdsl.cli.paths import PATH
from netdsl.cli.target import load_target, takes_net
from netdsl.errors import escape

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net
    from netdsl.training.answers.trained import TrainedNet


class _Passes(click.Command):
    """Help that ends with the names of the passes, which are imported only for this."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from netdsl.compiler.stages import STAGES

        formatter.write_paragraph()
        formatter.write_text(f"Passes, in order: {', '.join(STAGES)}.")


@click.command("compile", cls=_Passes)
@takes_net
@compiles
@click.option("-o", "out", type=PATH, help="Write a plan file, FILE.plan, which runs on its own.")
@click.option("--until", metavar="PASS", help="Print the program as it is after PASS, one of those below.")
@click.option("--show", is_flag=True, help="Print what every pass changes up to there: - before, + after.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
def compile_plan(
    net: str, parameters: tuple[str, ...], how: How, out: Path | None, until: str | None, show: bool, form: str
) -> None:
    """The steps that run NET on this machine: kernel, instruction set, threads, estimated nanoseconds.

    NET may be the folder of a training, too: a plan file then holds what was learned. NETDSL_ISA=base, avx2 or avx512
    forces an instruction set.
    """
    if out is not None and (until or show):
        raise click.UsageError("-o writes a plan file; --until and --show print a program")
    loaded, trained = load_target(net, parameters)
    found: dict[str, Any] = {}
    if until or show:
        from netdsl.report.stages import check_stage

        until = check_stage(until or "plan")
        found["passes"] = _programs(loaded, until, show, how, form)
    if until in (None, "plan"):
        # Steps do not depend on numbers: only a plan file needs some, and drawing them takes longer than compiling.
        weights = trained.weights if trained else None if out else loaded.zeros()
        program = how.compile(loaded, weights)
        steps = program.plan.describe()
        found |= {"batch": how.images, "threads": program.threads, "bytes": program.plan.bytes, "steps": steps}
        if out is not None:
            found["file"] = _save(out, loaded, trained, program, how)
        elif form == "table":
            _table(steps)
    if form == "json":
        click.echo(json.dumps(found, indent=2))
    elif out is not None:
        size, shown = out.stat().st_size / 2**20, escape(str(out))
        click.echo(f"{shown}: {loaded.name}, batch {how.images}, {len(program.plan.first_steps)} steps, {size:.1f} MiB")


def _save(out: Path, net: Net, trained: TrainedNet | None, program: Program, how: How) -> str:
    from netdsl.compiler.plan_file import SUFFIX

    if out.suffix != SUFFIX:
        raise click.UsageError(f"{escape(str(out))}: the name of a plan file ends in {SUFFIX}")
    about: dict[str, Any] = {"net": net.name, "macs": net.macs}
    if how.training:
        from netdsl.training.bare import SCALARS

        about["scalars"] = SCALARS
    elif trained is not None:
        from netdsl.training.answers.trained_plan import about as about_training

        about |= about_training(trained)
    if trained is None:
        click.echo(
            "its weights are drawn at random: compile the folder of a training to keep what was learned", err=True
        )
    program.save(out, about)
    return str(out)


def _programs(net: Net, until: str, show: bool, how: How, form: str) -> list[dict[str, Any]]:
    """Prints the program after a pass, or what each pass before it changed, unless it will be JSON."""
    from netdsl.report.stages import changes, lines_until

    arguments = how.arguments(net)
    found = lines_until(net, until, batch=how.images, algorithm=how.algorithm, fit=how.fit(), **arguments)
    if form == "table" and show:
        click.echo("\n".join(changes(found)) + "\n" * (until == "plan"))
    elif form == "table" and until != "plan":
        click.echo("\n".join(found[-1][1]))
    return [{"name": name, "operations": lines} for name, lines in found[0 if show else -1 :]]


def _table(steps: list[dict[str, Any]]) -> None:
    from netdsl.cli.terminal import show_columns

    first = steps[0] if steps else {}
    numeric = [isinstance(value, int) and not isinstance(value, bool) for value in first.values()]
    show_columns(list(first), [[escape(_word(value)) for value in step.values()] for step in steps], numeric)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
