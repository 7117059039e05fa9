"""`netdsl tune`: a search for settings, many trainings long."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import show, takes_net
from netdsl.errors import escape

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.tuning.study import Search, Trial


@click.command("tune")
@takes_net
@click.option("--trials", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Trials of the study.")
@click.option("--study", type=PATH, help="Journal of the study; by default runs/NAME.study.")
@click.option("--search", "searches", multiple=True, metavar="NAME=SPACE", help="Such as optimizer.lr=log(1e-4, 1).")
@click.option("--metric", default="val_accuracy", show_default=True, help="Score to better; losses are made smaller.")
@click.option("--sampler", type=click.Choice(["tpe", "random"]), default="tpe", show_default=True, help="Who proposes.")
@click.option("--pruner", type=click.Choice(["hyperband", "none"]), default="hyperband", help="Who ends poor trials.")
@click.option("--data", metavar="NAME|FOLDER", help="Images to train on, in place of those that the net names.")
@click.option("--epochs", type=int, help="Epochs of a trial that is not pruned.")
@click.option("--seed", type=int, help="Number that all random choices follow from.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any setting that all trials share.")
def tune(
    net: str,
    parameters: tuple[str, ...],
    trials: int,
    study: Path | None,
    searches: tuple[str, ...],
    metric: str,
    sampler: str,
    pruner: str,
    data: str | None,
    epochs: int | None,
    seed: int | None,
    threads: int | None,
    settings: tuple[str, ...],
) -> None:
    """Train NET with settings that earlier trials make likely to be good, until the study has so many trials.

    What is searched stands in the `tune` block of the net, or in --search; without either the step size and the batch.
    A study goes on where it was left; several processes may work on one at the same time.
    """
    from netdsl.files.atomic import replace_text
    from netdsl.language.load import load
    from netdsl.language.parameters import parse_parameters
    from netdsl.training.block.override import parse_override, plain_override
    from netdsl.training.block.settings import read_settings
    from netdsl.training.keeping.run_folder import parameter_texts
    from netdsl.training.session import run_name
    from netdsl.tuning.report import as_csv, as_svg
    from netdsl.tuning.space import space_of
    from netdsl.tuning.study import Search, run_study

    given: dict[str, Any] = parse_parameters(parameters)

    def loaded(chosen: dict[str, str]) -> Net:
        asked: dict[str, Any] = given | parse_parameters(f"{name}={value}" for name, value in chosen.items())
        return load(net, **asked)

    first = loaded({})
    show(first.warnings)
    plain = {"data": data, "epochs": epochs, "seed": seed}
    overrides = [line for text in settings for line in parse_override(text)]
    overrides += [plain_override(name, value, option=f"--{name}") for name, value in plain.items() if value is not None]
    own = [line for text in searches for line in parse_override(text, option="--search")]
    read = read_settings(first.settings, overrides)
    search = Search(
        run_name(first),
        loaded,
        tuple(overrides),
        space_of(own or first.searches),
        {"net": _layers(first), **parameter_texts(first), **read.texts()},
        metric=metric,
        sampler=sampler,
        pruner=pruner,
        epochs=read.epochs,
        seed=read.seed,
        threads=threads,
    )
    path = study or Path("runs") / f"{run_name(first)}.study"
    try:
        found = run_study(search, path, trials, told=lambda trial: click.echo(_line(search, trial)))
    except KeyboardInterrupt:
        if path.exists():
            click.echo(f"stopped; the same command goes on with the study in {escape(str(path))}", err=True)
        raise
    replace_text(path.with_suffix(".csv"), as_csv(search, found))
    replace_text(path.with_suffix(".svg"), as_svg(search, found))
    words = [net, *(word for text in parameters for word in ("-p", text))]
    words += [word for text in settings for word in ("--set", text)]
    words += [word for name, value in plain.items() if value is not None for word in (f"--{name}", str(value))]
    _conclude(words, search, found, path)


def _layers(net: Net) -> str:
    """What a net is made of, whatever else its file says."""
    return "; ".join(f"{node.path} = {node.layer.text()} of {', '.join(node.inputs)}" for node in net.nodes.values())


def _line(search: Search, trial: Trial) -> str:
    from netdsl.tuning.report import short

    values = "  ".join(f"{name} {short(value)}" for name, value in trial.values.items())
    score = f"{search.metric} {trial.score:.4f}" if trial.score is not None else "no score"
    return f"trial {trial.number:>3}  {trial.state:<8}  {score}  {values}"


def _conclude(words: list[str], search: Search, found: tuple[Trial, ...], path: Path) -> None:
    """The table of all trials, and the command that trains as the best one was; `words` are what all have in common."""
    from shlex import quote

    from netdsl.cli.terminal import show_columns
    from netdsl.tuning.report import columns
    from netdsl.tuning.study import best_of

    click.echo()
    show_columns(*columns(search, found))
    best = best_of(search, found)
    tables = ", ".join(escape(str(path.with_suffix(suffix))) for suffix in (".csv", ".svg"))
    click.echo(f"\ntable and plot: {tables}")
    if best is None:
        click.echo("no trial was carried to its end")
        return
    for dimension in search.space:
        words += ["--set" if dimension.is_setting else "-p", f"{dimension.name}={best.values[dimension.name]}"]
    click.echo(f"the best: netdsl train {escape(' '.join(quote(word) for word in words))}")
