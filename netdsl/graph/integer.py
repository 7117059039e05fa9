"""Integers that Python gives, checked: a number that is nearly one is not taken for it."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from netdsl.errors import fail

MOST_SEED = 2**31 - 1


def checked_integer(name: str, value: Any, least: int, most: int) -> int:
    """An integer from `least` to `most`, NumPy's too; `NetError` N708."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise fail("N708", f"`{name}` is an integer, not {type(value).__name__}")
    number = int(value)
    if not least <= number <= most:
        raise fail("N708", f"`{name}` is {number}; it must be from {least} to {most}")
    return number


def checked_seed(seed: Any) -> int:
    """A seed, 0 to 2^31 - 1: one that is nearly another, as 1.0 is, draws quite different weights."""
    return checked_integer("seed", seed, 0, MOST_SEED)
