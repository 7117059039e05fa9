"""Mistakes that are planted in a copy of the sources, to show that the sanitizers report them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sanitize.count import Outcome


@dataclass(frozen=True)
class Mistake:
    """`before` becomes `after` in `file` of core/kernels; the sanitizer's report then holds `report`."""

    file: str
    changes: tuple[tuple[str, str], ...]
    reports: tuple[str, ...]


MISTAKES = {
    "overflow": Mistake(
        "nd_lrn_body.h",
        (("r * columns + c, total, left)", "r * columns + c, total, left + 1)"),),
        ("heap-buffer-overflow", "Invalid write"),
    ),
    "shift": Mistake("nd_random_body.h", (("drawn.word[i] >> 8)", "drawn.word[i] >> (i + 32))"),), ("shift exponent",)),
    "race": Mistake(
        "nd_run.c",
        (
            ("_Atomic int64_t done", "int64_t done"),
            ("atomic_store(&state->done, 0)", "state->done = 0"),
            ("atomic_fetch_add(&state->done, 1)", "state->done++"),
        ),
        ("data race",),
    ),
}


def plant(kernels: Path, name: str) -> None:
    """Change the copy of core/kernels in `kernels`; each place must be there exactly once."""
    mistake = MISTAKES[name]
    path = kernels / mistake.file
    text = path.read_text()
    for before, after in mistake.changes:
        if text.count(before) != 1:
            raise SystemExit(f"{mistake.file} no longer holds `{before}` once; say in tools/sanitize/plant.py where")
        text = text.replace(before, after)
    path.write_text(text)


def judge_planted(outcomes: Iterable[tuple[str, Outcome]]) -> int:
    """Print of each run with a planted mistake whether it was reported; 0 where each was."""
    reported = []
    for mistake, outcome in outcomes:
        reported.append(outcome.status != 0 and any(report in outcome.output for report in MISTAKES[mistake].reports))
        print(f"{mistake}: {'reported' if reported[-1] else 'NOT reported'} by {outcome.name}", flush=True)
    print(f"self-test: {sum(reported)} of {len(reported)} planted mistakes reported")
    return int(not all(reported))
