"""`netdsl filter`: a kernel on a photograph."""

from __future__ import annotations

from pathlib import Path

import click

from netdsl.cli.finite import finite
from netdsl.cli.paths import PATH


class _Kernels(click.Command):
    """Help that ends with the kernels that have a name."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from netdsl.layers.named_kernels import NAMED_KERNELS

        with formatter.section("Kernels"):
            formatter.write_dl([(name, f"{one.size}x{one.size}: {one.text}") for name, one in NAMED_KERNELS.items()])


@click.command("filter", cls=_Kernels)
@click.argument("kernel")
@click.argument("photo", type=PATH)
@click.option("-o", "--out", required=True, type=PATH, help="Picture to write, such as out.png.")
@click.option("--abs", "absolute", is_flag=True, help="Absolute values: dark edges count as bright ones.")
@click.option(
    "--offset",
    type=float,
    default=0.0,
    callback=finite,
    show_default=True,
    help="Added to every number; 128 shows 0 as grey.",
)
@click.option(
    "--border", type=click.Choice(["repeat", "zero"]), default="repeat", help="Beyond it: the nearest pixel, or 0."
)
@click.option("--grey", is_flag=True, help="Turn the photograph to grey first.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
def filter_photo(
    kernel: str, photo: Path, out: Path, absolute: bool, offset: float, border: str, grey: bool, threads: int | None
) -> None:
    """Lay KERNEL over PHOTO and write the picture that comes out.

    KERNEL is one of the names below, or a matrix: "1 0 -1/0 0 0/-1 0 1". Each colour is filtered for itself; numbers
    are rounded and cut to 0..255.
    """
    from netdsl.data.image import read_image
    from netdsl.errors import escape
    from netdsl.explain.picture_filter import filter_picture, find_kernel
    from netdsl.files.picture import picture_format, write_picture

    picture_format(out)
    found = find_kernel(kernel)
    picture = read_image(photo, channels=1 if grey else None)
    made = filter_picture(picture, found, absolute=absolute, offset=offset, zeros=border == "zero", threads=threads)
    write_picture(out, made.picture)
    height, width, channels = made.picture.shape
    click.echo(f"{escape(str(out))}: {height}x{width}x{channels}, {made.words()}")
