"""`netdsl draw`: a net as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from netdsl.cli.target import load_net, takes_net


@click.command()
@takes_net
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="File to write: x.svg or x.dot.")
@click.option("--depth", type=click.IntRange(min=0), help="Draw scopes nested deeper than this as single boxes.")
def draw(net: str, parameters: tuple[str, ...], out: Path, depth: int | None) -> None:
    """Draw NET: inputs above, outputs below, frames round blocks, shapes beside the wires.

    SVG needs nothing else; DOT is for Graphviz.
    """
    if out.suffix not in (".svg", ".dot"):
        raise click.BadParameter(f"`{out.name}` ends neither in `.svg` nor in `.dot`", param_hint="-o")
    loaded = load_net(net, parameters)
    if out.suffix == ".svg":
        from netdsl.report.draw import draw_svg

        text = draw_svg(loaded, depth=depth)
    else:
        from netdsl.report.dot import draw_dot

        text = draw_dot(loaded, depth=depth)
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.FileError(str(out), error.strerror) from None
