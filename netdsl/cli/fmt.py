"""`netdsl fmt`: files in canonical text."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import show


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=PATH)
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 where a file is not canonical.")
@click.option("--explicit", is_flag=True, help="Write out the defaults of every call.")
def fmt(files: tuple[Path, ...], check: bool, explicit: bool) -> None:
    """Bring FILES, and those with `.net` in folders, to canonical text: blanks, line ends, columns; nothing else.

    Comments stay, and so does the net. The names of files that change are printed. `-` stands for stdin, and then
    stdout. A file with a mistake of syntax is left as it is, its mistakes are shown, and the exit code is 1.
    """
    from netdsl.errors import NetError, escape
    from netdsl.files.atomic import replace_text
    from netdsl.language.format import formatted

    failed = False
    for path in _each(files):
        is_stream = str(path) == "-"
        try:
            before, after = formatted(sys.stdin.buffer.read() if is_stream else path, explicit=explicit)
            if is_stream and not check:
                click.echo(after.encode(), nl=False)
            elif before != after.encode():
                if not check:
                    replace_text(path.resolve(), after, keep_mode=True)
                click.echo("<stdin>" if is_stream else escape(str(path)))
                failed |= check
        except NetError as error:
            show(error.diagnostics)
            failed = True
    click.get_current_context().exit(1 if failed else 0)


def _each(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        yield from sorted(path.rglob("*.net")) if path.is_dir() else (path,)
