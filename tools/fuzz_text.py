"""Mutated programs through the checker: each ends in success or in a diagnosed error, and never in anything else.

    python tools/fuzz_text.py                               # 100,000 programs
    python tools/fuzz_text.py --runs 5000 --seed 2          # others, and fewer
    python tools/fuzz_text.py --first 71234 --runs 1        # one of them again

A program is a text that ships, or that the tests hold, with tokens deleted, doubled, swapped or inserted, lines of
another spliced in, the end cut off, bytes changed, numbers set to limits, or odd characters added. It fails where the
checker raises anything but a `NetError`, needs more than 5 seconds (a net that can be built 30) or 512 MiB, or where a
diagnostic lacks its code, its file and line, or its caret. What fails is made small and written to the folder of
`--save`, with how it failed.
The last line counts outcomes; exit 1 where a program failed, or where fewer than a fifth could be parsed.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
from collections import Counter
from pathlib import Path

from fuzz.judge import Outcome, judge
from fuzz.minimise import minimise
from fuzz.mutate import corpus, program

MEMORY = 512 * 2**20
PARSED = 0.2


def save(folder: Path, data: bytes, outcome: Outcome) -> str:
    """Write a failing program, made small, and beside it what happened; the path and the program, for a message."""
    small = minimise(data, lambda candidate: judge(candidate).words == outcome.words)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(outcome.words.encode()).hexdigest()[:12]}.net"
    path.write_bytes(small)
    path.with_suffix(".txt").write_text(f"{outcome.words}\n\n{judge(small).trace}")
    return f"see {path}: {small[:400]!r}"


def tally(outcomes: Counter[str]) -> str:
    """The line that counts outcomes."""
    total, parsed = outcomes.total(), outcomes["success"] + outcomes["diagnosed"]
    return (
        f"{total:,} programs: {parsed:,} parsed ({outcomes['success']:,} succeeded, {outcomes['diagnosed']:,} "
        f"diagnosed), {outcomes['text']:,} diagnosed in the text, {outcomes['failed']:,} failed"
    )


def fuzz(first: int, runs: int, *, seed: int, folder: Path) -> Counter[str]:
    """Judge `runs` programs from number `first` on; progress on stderr, each new kind of failure once."""
    among, outcomes, codes = corpus(), Counter[str](), Counter[str]()
    failures: set[str] = set()
    for number in range(first, first + runs):
        data = program(number, seed, among)
        outcome = judge(data)
        outcomes[outcome.kind] += 1
        codes.update(set(outcome.codes))
        if outcome.kind == "failed" and outcome.words not in failures:
            failures.add(outcome.words)
            print(f"program {number} fails: {outcome.words}; {save(folder, data, outcome)}", flush=True)
        done = number - first + 1
        if done % 1000 == 0:
            print(f"{done:,} of {runs:,}", file=sys.stderr, flush=True)
    print(f"{len(codes)} codes: " + ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items())))
    return outcomes


def main() -> int:
    """Run, and print the tally as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other programs")
    parser.add_argument("--save", type=Path, default=Path("fuzz-failures"), help="where failing programs go")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    outcomes = fuzz(given.first, given.runs, seed=given.seed, folder=given.save)
    print(tally(outcomes))
    parsed = outcomes["success"] + outcomes["diagnosed"]
    return int(outcomes["failed"] > 0 or (given.runs >= 1000 and parsed < PARSED * given.runs))


if __name__ == "__main__":
    sys.exit(main())
