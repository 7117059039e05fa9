"""Numbers of options: click takes `nan` and `inf` for numbers, and `nan` for one within any range."""

from __future__ import annotations

from math import isfinite

import click


def finite(context: click.Context, parameter: click.Parameter, number: float) -> float:
    """The callback of an option whose value is a float; `BadParameter` for NaN and infinities."""
    if not isfinite(number):
        raise click.BadParameter(f"`{number}` is not a finite number")
    return number
