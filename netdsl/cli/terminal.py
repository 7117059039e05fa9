"""Tables on a terminal in colour, in files without, and never cut to the width of a pipe."""

from __future__ import annotations

import click
from rich.console import Console, RenderableType

UNLIMITED = 400


def show(renderable: RenderableType) -> None:
    """Print to stdout; blanks at the ends of lines are dropped."""
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=UNLIMITED, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    click.echo("\n".join(line.rstrip() for line in capture.get().split("\n")), nl=False)
