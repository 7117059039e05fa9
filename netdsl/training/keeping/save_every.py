"""`--save-every`: how often a training saves inside an epoch; it does not change the result."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netdsl.errors import escape, fail

MOST = 10**6
SECONDS = {"s": 1, "m": 60, "h": 3600}
FORM = re.compile(r"([1-9]\d{0,17})([smh]?)")


@dataclass(frozen=True)
class SaveEvery:
    """After so many steps, or so many seconds, since the last checkpoint."""

    steps: int | None = None
    seconds: float | None = 600.0

    def due(self, steps: int, seconds: float) -> bool:
        """Whether it is time, so many steps and seconds after the last checkpoint."""
        return steps >= self.steps if self.steps is not None else seconds >= (self.seconds or 0.0)


def parse_time(text: str, option: str) -> float:
    """Seconds of `90s`, `10m`, `2h`; `NetError` N537 for anything else."""
    found = FORM.fullmatch(text.strip())
    if found is None or not found[2] or int(found[1]) > MOST:
        raise fail("N537", f"`{option}` takes a time such as `90s`, `30m` or `8h`, not `{escape(text[:80])}`")
    return float(int(found[1]) * SECONDS[found[2]])


def parse_save_every(text: str) -> SaveEvery:
    """`500` steps, or `90s`, `10m`, `2h`; `NetError` N537 for anything else."""
    found = FORM.fullmatch(text.strip())
    if found is None:
        words = f"`--save-every` takes a number of steps, or a time such as `10m`, not `{escape(text[:80])}`"
        raise fail("N537", words)
    count = int(found[1])
    return SaveEvery(None, count * SECONDS[found[2]]) if found[2] else SaveEvery(count, None)
