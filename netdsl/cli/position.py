"""The option `--at` of the verbs that look at one position of a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from netdsl.errors import escape


def takes_position(words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds `--at ROW,COL`, which the command gets as a tuple or None."""

    def read(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[int, ...] | None:
        if text is None:
            return None
        try:
            return tuple(int(part) for part in text.split(","))
        except ValueError:
            raise click.BadParameter(f"`{escape(text)}` is not a position such as 3,5") from None

    return click.option("--at", metavar="ROW,COL", callback=read, help=words)


def one_node(paths: list[str], name: str) -> str:
    """The node of that name; a mistake in the command line where it is a scope of several."""
    if len(paths) > 1:
        raise click.BadParameter(f"`{name}` is a scope: name one node of it, such as {paths[0]}", param_hint="NODE")
    return paths[0]
