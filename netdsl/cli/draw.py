"""`netdsl draw`: a net as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from netdsl.cli.finite import finite
from netdsl.cli.paths import PATH
from netdsl.cli.target import load_net, takes_net
from netdsl.errors import escape

FORMS = (".svg", ".png", ".pdf", ".dot")


@click.command()
@takes_net
@click.option("-o", "--out", required=True, type=PATH, help="File to write: x.svg, x.png, x.pdf or x.dot.")
@click.option("--depth", type=click.IntRange(min=0), help="Draw scopes nested deeper than this as single boxes.")
@click.option(
    "--scale",
    type=click.FloatRange(0.1, 10),
    default=2.0,
    callback=finite,
    show_default=True,
    help="Pixels of a PNG for each of an SVG.",
)
def draw(net: str, parameters: tuple[str, ...], out: Path, depth: int | None, scale: float) -> None:
    """Draw NET: inputs above, outputs below, frames round blocks, shapes beside the wires.

    SVG and PNG need nothing else; PDF needs `pip install 'netdsl[pdf]'`; DOT is for Graphviz.
    """
    if out.suffix not in FORMS:
        raise click.BadParameter(f"`{escape(out.name)}` ends in none of {', '.join(FORMS)}", param_hint="-o")
    from netdsl.files.atomic import replace_bytes

    loaded = load_net(net, parameters)
    if out.suffix == ".dot":
        from netdsl.report.dot import draw_dot

        content = draw_dot(loaded, depth=depth).encode()
    else:
        from netdsl.report.draw import draw_sheet

        sheet = draw_sheet(loaded, depth=depth)
        if out.suffix == ".svg":
            from netdsl.report.svg import svg_text

            content = svg_text(sheet).encode()
        elif out.suffix == ".png":
            from netdsl.report.png import png_bytes

            content = png_bytes(sheet, scale=scale)
        else:
            from netdsl.report.pdf import pdf_bytes

            content = pdf_bytes(sheet)
    replace_bytes(out, content)
