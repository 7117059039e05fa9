"""Seeds, checked: a number that is nearly another draws quite different weights, so none is taken for another."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from netdsl.errors import fail

MOST = 2**31 - 1


def checked_seed(seed: Any) -> int:
    """A seed as an integer; `NetError` N708 for what is no integer from 0 to 2^31 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise fail("N708", f"`seed` is an integer, not {type(seed).__name__}")
    number = int(seed)
    if not 0 <= number <= MOST:
        raise fail("N708", f"`seed` is {number}; it must be from 0 to {MOST}")
    return number
