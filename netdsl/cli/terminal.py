"""Tables on a terminal in colour, in files without, and never cut to the width of a pipe."""

from __future__ import annotations

import click
from rich.console import Console, RenderableType
from rich.progress import Progress

UNLIMITED = 400


def show(renderable: RenderableType) -> None:
    """Print to stdout; blanks at the ends of lines are dropped."""
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=UNLIMITED, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    click.echo("\n".join(line.rstrip() for line in capture.get().split("\n")), nl=False)


class Meter:
    """A bar on stderr while something is measured; nothing where stderr is no terminal, or there is no waiting."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.progress: Progress | None = None

    def __enter__(self) -> Meter:
        return self

    def report(self, share: float) -> None:
        """Show which share is done; the first call draws the bar."""
        console = Console(stderr=True)
        if self.progress is None and console.is_terminal:
            self.progress = Progress(console=console, transient=True)
            self.task = self.progress.add_task(self.words, total=1.0)
            self.progress.start()
        if self.progress is not None:
            self.progress.update(self.task, completed=share)

    def __exit__(self, *_: object) -> None:
        if self.progress is not None:
            self.progress.stop()
