"""`netdsl features`: what a node says about images, in a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import load_target, show, takes_net
from netdsl.cli.transfer import takes_weights
from netdsl.errors import escape

if TYPE_CHECKING:
    from netdsl.data.pipeline import Pipeline
    from netdsl.graph.net import Net, Setting
    from netdsl.graph.weights import Weights
    from netdsl.training.answers.trained import TrainedNet


@click.command("features")
@takes_net
@takes_weights
@click.option("--at", required=True, metavar="NODE", help="The node whose values are written, as `summary` lists it.")
@click.option("--data", metavar="NAME|FOLDER", help="Images, in place of those that the net or the run names.")
@click.option("--out", required=True, type=PATH, help="FILE.npz or FILE.safetensors.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
def features(
    net: str,
    parameters: tuple[str, ...],
    transfer: list[Setting],
    at: str,
    data: str | None,
    out: Path,
    threads: int | None,
) -> None:
    """Write what NODE of NET says about every image of its data: `train`, `train_labels`, `test`, `test_labels`.

    NET is the folder of a training, whose preparation of images is used, or a net with `--weights`.
    """
    from netdsl.shapes import format_shape
    from netdsl.training.transfer import features as feature

    feature.check_format(out)
    loaded, trained = load_target(net, parameters)
    if trained is not None:
        made, weights, source, pipeline = _of_run(trained, transfer)
    else:
        made, weights, source, pipeline = _of_net(loaded, transfer)
    found = feature.extract(made, weights, at, data or source, pipeline, fit=trained is None, threads=threads)
    feature.write_features(out, found)
    shape = format_shape(found.train.shape[1:])
    counts = f"{len(found.train)} training images" + (
        f", {len(found.test)} test images" if found.test is not None else ""
    )
    click.echo(f"{escape(str(out))}: `{escape(at)}`, {shape} an image, {counts}")


def _of_run(trained: TrainedNet, transfer: list[Setting]) -> tuple[Net, Weights, str, Pipeline]:
    if transfer:
        raise click.UsageError(
            f"{escape(trained.name)} is a trained net: what it begins with, and its layers, are settled"
        )
    return trained.net, trained.weights, trained.record.data["source"], trained.pipeline


def _of_net(net: Net, transfer: list[Setting]) -> tuple[Net, Weights, str, Pipeline]:
    from netdsl.training.block.settings import read_settings
    from netdsl.training.transfer.by_name import take_over

    settings = read_settings(net.settings, transfer)
    made = settings.transfer.edited(net)
    weights = made.initialise(settings.seed)
    if settings.transfer.weights:
        report = take_over(made, weights, settings.transfer)
        show(report.warnings)
        for line in report.lines():
            click.echo(line, err=True)
    else:
        click.echo("its weights are drawn at random: `--weights` gives it others", err=True)
    return made, weights, settings.data, settings.pipeline
