"""`netdsl train`: from a net and images to a folder with its weights."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.amount import takes_memory
from netdsl.cli.keeping import check_together, takes_keeping
from netdsl.cli.paths import PATH
from netdsl.cli.report import write_after_training
from netdsl.cli.target import show, takes_code, takes_strict
from netdsl.cli.transfer import takes_weights
from netdsl.cli.trying import Trial, takes_trying
from netdsl.errors import escape

if TYPE_CHECKING:
    from netdsl.graph.net import Setting
    from netdsl.training.keeping.save_every import SaveEvery


@click.command("train")
@takes_code
@click.argument("net", required=False)
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the net.")
@click.option("--data", metavar="NAME|PATH", help="What to train on, in place of the data that the net names.")
@click.option("--out", type=PATH, help="Folder of the run; by default runs/NAME, runs/NAME-2, …")
@click.option("--epochs", type=int, help="How often to go through the images.")
@click.option("--steps", type=int, help="Stop after so many batches.")
@click.option("--batch", type=int, help="Images a batch.")
@click.option("--seed", type=int, help="Number that all random choices follow from.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
@takes_memory
@takes_weights
@takes_strict
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any setting, such as optimizer.lr=0.1.")
@click.option("--overfit", type=int, metavar="N", help="Learn N images by heart, to see whether the net can.")
@takes_trying
@takes_keeping
@click.option("--tensorboard", "boards", is_flag=True, help="Write the scores for TensorBoard, too.")
@click.option("--no-report", is_flag=True, help="Write no report.html, which looks at the measured images once more.")
def train(
    net: str | None,
    parameters: tuple[str, ...],
    data: str | None,
    out: Path | None,
    epochs: int | None,
    steps: int | None,
    batch: int | None,
    seed: int | None,
    threads: int | None,
    memory: int | None,
    settings: tuple[str, ...],
    transfer: list[Setting],
    strict: bool,
    run: Path | None,
    override: bool,
    every: SaveEvery | None,
    on_nan: str | None,
    limit: float | None,
    overfit: int | None,
    trial: Trial | None,
    boards: bool,
    no_report: bool,
) -> None:
    """Train NET: a file, FILE:NET, or the name of a net that ships.

    Settings come from the `train` block of the net; options override them. The last line says where the run was saved.
    With --resume and without NET, nets and settings are those of the run.
    """
    from netdsl.language.load import load_together
    from netdsl.language.parameters import parse_parameters
    from netdsl.training.scores.progress import choose
    from netdsl.training.session import ready, resume, train_net, train_together
    from netdsl.training.terms import Terms

    check_together(net, run, out, override, parameters)
    given: dict[str, Any] = parse_parameters(parameters)
    nets = load_together(net, **given) if net else ()
    show(warning for one in nets[:1] for warning in one.warnings)
    plain = {"data": data, "epochs": epochs, "steps": steps, "batch": batch, "seed": seed, "overfit": overfit}
    overrides = [*_overrides(settings + ((f"on_nan={on_nan}",) if on_nan else ()), plain), *transfer]
    terms = Terms(threads, memory, every, limit, boards, choose(sys.stdout))
    if trial is not None:
        if len(nets) != 1 or run is not None:
            raise click.UsageError("--dry-run and --lr-find try out one net, and no run that is resumed.")
        made = ready(nets[0], overrides, terms, strict=strict)
        trial(made.task, made.programs)
        return
    if run is not None:
        session = resume(run, nets, overrides, terms, override=override, warn=show)
    elif len(nets) > 1:
        session = train_together(nets, overrides, terms, out=out)
    else:
        session = train_net(nets[0], overrides, terms, out=out, strict=strict)
    if session.stopped:
        run = session.chain or session.folder
        click.echo(f"stopped after step {session.steps}; to go on: netdsl train --resume {escape(quote(str(run)))}")
    click.echo(f"saved to {escape(str(session.folder))}")
    if session.exit_code:
        sys.exit(session.exit_code)
    if not session.recipe and not no_report:
        write_after_training(session.folder, threads=threads)


def _overrides(settings: tuple[str, ...], plain: dict[str, Any]) -> list[Setting]:
    from netdsl.training.block.override import parse_override, plain_override

    found = [line for text in settings for line in parse_override(text)]
    return found + [plain_override(k, v, option=f"--{k}") for k, v in plain.items() if v is not None]
