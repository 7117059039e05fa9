"""Tables on a terminal in colour, in files without, and never cut to the width of a pipe."""

from __future__ import annotations

import click
from rich.console import Console, RenderableType
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

UNLIMITED = 400


def show(renderable: RenderableType) -> None:
    """Print to stdout; blanks at the ends of lines are dropped."""
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=UNLIMITED, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    click.echo("\n".join(line.rstrip() for line in capture.get().split("\n")), nl=False)


def show_columns(titles: list[str], rows: list[list[str]], numeric: list[bool]) -> None:
    """Columns two blanks apart, numbers to the right: a folding table on a terminal, else plain, which is quick."""
    if Console().is_terminal:
        grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for title, right in zip(titles, numeric, strict=True):
            grid.add_column(title, justify="right" if right else "left", overflow="fold")
        for row in rows:
            grid.add_row(*map(Text, row))
        show(grid)
        return
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = []
    for row in (titles, *rows):
        parts = zip(row, widths, numeric, strict=True)
        lines.append("  ".join(word.rjust(n) if right else word.ljust(n) for word, n, right in parts).rstrip())
    click.echo("\n".join(lines))


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
