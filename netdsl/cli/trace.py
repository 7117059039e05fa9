"""`netdsl trace`: a convolution worked out window by window."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from netdsl.cli.position import one_node, takes_position
from netdsl.cli.target import load_target, takes_net

if TYPE_CHECKING:
    from netdsl.explain.trace import Trace


@click.command("trace")
@takes_net
@click.argument("node")
@click.option(
    "--input", "inputs", multiple=True, required=True, metavar="X", help="What the net sees; NAME=X of several."
)
@click.option(
    "--weight", "weights", multiple=True, metavar="W", help="The kernel of NODE; once for each of its filters."
)
@click.option("--bias", "biases", multiple=True, metavar="B", help="The biases of NODE, a number for each filter.")
@takes_position("Work out this position of the output alone.")
@click.option("--channel", type=int, metavar="K", help="Work out this channel of the output alone.")
@click.option("--rescale", is_flag=True, help="Pictures as 0 to 1 in place of 0 to 255.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Draws weights that are not given.",
)
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def trace(
    net: str,
    parameters: tuple[str, ...],
    node: str,
    inputs: tuple[str, ...],
    weights: tuple[str, ...],
    biases: tuple[str, ...],
    at: tuple[int, ...] | None,
    channel: int | None,
    rescale: bool,
    seed: int,
    threads: int | None,
    form: str,
) -> None:
    """Work out NODE of NET, a convolution or a pool: window, kernel, products and sum, beside what the engine gives.

    X and W are a matrix by hand, "5 2 3/6 7 8" with rows parted by / and channels by |, or a .csv, .npy or .npz file; X
    may be a picture, too. NODE=W and NODE=B are for another node. Weights that are not given are those of the net:
    learned where NET is the folder of a training, else drawn as `init=` says.
    """
    loaded, trained = load_target(net, parameters)
    from netdsl.explain import given
    from netdsl.explain.trace import trace as work_out
    from netdsl.report.why import nodes_of

    path = one_node(nodes_of(loaded, node), node)
    tensors = trained.weights if trained else loaded.initialise(seed)
    given.put_weights(loaded, tensors, path, weights, biases)
    found = work_out(
        loaded,
        path,
        tensors,
        given.arrays(loaded, inputs, rescale=rescale),
        at=at,
        channel=channel,
        threads=threads,
    )
    _show(found, form)


def _show(found: Trace, form: str) -> None:
    if form == "json":
        from netdsl.explain.trace_json import plain

        click.echo(json.dumps(plain(found), indent=2))
        return
    from netdsl.explain.trace_text import lines

    click.echo("\n".join(lines(found)))
