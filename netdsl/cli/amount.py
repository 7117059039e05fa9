"""`--memory`: an amount of memory as people write it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from netdsl.errors import escape, fail

UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
AMOUNT = re.compile(r"(\d{1,30}(?:\.\d{1,30})?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
HELP = "Most memory that the plan may need, such as 800M or 2G: a training step then keeps less and computes it again."

Command = TypeVar("Command", bound=Callable[..., Any])


def takes_memory(command: Command) -> Command:
    """Adds the option --memory, in bytes as a number."""
    return click.option("--memory", metavar="BYTES", callback=_read, help=HELP)(command)


def _read(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    return None if text is None else parse_amount(text)


def parse_amount(text: str) -> int:
    """Bytes of `2G`, `1.5GiB`, `800M`, `1048576`; units are powers of 1024. Raises `NetError` N714."""
    found = AMOUNT.fullmatch(text.strip())
    if found is None:
        raise fail(
            "N714", f"`{escape(text[:80])}` is no amount of memory", help="write bytes, or `800M`, `2G`, `1.5GiB`"
        )
    return int(float(found[1]) * UNITS[found[2].lower()])
