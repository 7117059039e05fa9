"""A failing program made small: as long as it fails in the same way, lines, then tokens, then characters go."""

from __future__ import annotations

import re
from collections.abc import Callable

TRIES = 600
_UNITS = (rb"[^\n]*\n|[^\n]+", rb"\w+|\s+|[^\w\s]", rb"(?s:.)")


def minimise(data: bytes, fails: Callable[[bytes], bool], tries: int = TRIES) -> bytes:
    """The smallest program found from which no piece can go; `fails` is asked at most `tries` times."""
    left = [tries]

    def still(candidate: bytes) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fails(candidate)

    for unit in _UNITS:
        data = b"".join(_reduce(re.findall(unit, data), still))
    return data


def _reduce(pieces: list[bytes], fails: Callable[[bytes], bool]) -> list[bytes]:
    """Delta debugging (Zeller and Hildebrandt 2002), complements only: stretches go, halved when none can."""
    length = max(1, len(pieces) // 2)
    while pieces:
        at, shrunk = 0, False
        while at < len(pieces):
            rest = pieces[:at] + pieces[at + length :]
            if fails(b"".join(rest)):
                pieces, shrunk = rest, True
            else:
                at += length
        if length == 1 and not shrunk:
            break
        length = max(1, length // 2)
    return pieces
