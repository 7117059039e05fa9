"""`netdsl receptive`: the field of a position, drawn on a photograph."""

from __future__ import annotations

from pathlib import Path

import click

from netdsl.cli.paths import PATH
from netdsl.cli.position import one_node, takes_position
from netdsl.cli.target import load_net, takes_net


@click.command("receptive")
@takes_net
@click.argument("node")
@click.option("--image", required=True, type=PATH, help="The photograph to draw on.")
@click.option("-o", "--out", required=True, type=PATH, help="Picture to write, such as out.png.")
@takes_position("The position of NODE's output.  [default: the middle]")
def receptive(
    net: str, parameters: tuple[str, ...], node: str, image: Path, out: Path, at: tuple[int, ...] | None
) -> None:
    """Draw on a photograph what one position of NODE sees of it.

    The photograph is stretched to the height and width of the net's input, as `netdsl predict` does. The field is
    bright and framed; where it reaches beyond the picture, into the padding, it is grey.
    """
    loaded = load_net(net, parameters)
    from netdsl.data.image import read_image
    from netdsl.errors import escape
    from netdsl.explain.field_picture import draw_field, find_field
    from netdsl.files.picture import picture_format, write_picture
    from netdsl.report.why import nodes_of

    picture_format(out)
    field = find_field(loaded, one_node(nodes_of(loaded, node), node), at)
    write_picture(out, draw_field(read_image(image), field))
    click.echo(f"{escape(str(out))}: {escape(field.words())}")
