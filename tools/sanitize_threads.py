"""The engine in a C program under ThreadSanitizer and valgrind, without Python and without the OpenMP library.

Python writes plans to files, problems of every kernel and whole nets that learn; a C driver loads them and runs each
with one thread and with several, which must leave the same bytes. The team of threads is one of POSIX threads there
(tools/sanitize/team.c), as the sanitizer knows what waits for what in it; everything else is the engine's own. The
last line counts the kernels that ran.

    python tools/sanitize_threads.py                     # gcc's ThreadSanitizer, then valgrind
    python tools/sanitize_threads.py --only tsan --threads 3
    python tools/sanitize_threads.py --plant race        # a planted mistake: must fail with a report
    python tools/sanitize_threads.py --self-test         # plants each mistake, and fails unless it is reported

valgrind has no AVX-512, so it runs the base and AVX2 kernels. Needs gcc with libtsan, valgrind, netdsl as installed and
the packages of `pip install '.[test]'`. Exit 0 where all kernels ran and nothing was reported.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sanitize.count import Kernels, Outcome, kernels_here
from sanitize.plant import judge_planted
from sanitize.tree import C_FLAGS, ROOT, compile_all, copy_kernels, need, need_library

HERE = ROOT / "tools" / "sanitize"


@dataclass(frozen=True)
class Checker:
    """Compiler flags, the command that runs the driver, its environment, instruction sets, and what a report holds."""

    flags: tuple[str, ...]
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    isas: tuple[str, ...]
    report: str


CHECKERS = {
    "tsan": Checker(
        ("-fsanitize=thread",),
        # Without random addresses: gcc 12's runtime does not know those of newer kernels.
        ("setarch", "-R"),
        (("TSAN_OPTIONS", "halt_on_error=1"),),
        ("base", "avx2", "avx512"),
        r"WARNING: ThreadSanitizer",
    ),
    "valgrind": Checker(
        (),
        ("valgrind", "--quiet", "--error-exitcode=9", "--exit-on-first-error=yes", "--leak-check=full"),
        (),
        ("base", "avx2"),
        r"==\d+== (?:Invalid|Conditional|Use of uninit|\d[\d,]* bytes)",
    ),
}
SELF_TESTS = {"race": "tsan", "overflow": "valgrind"}


def write_plans(folder: Path, isas: list[str]) -> list[Path]:
    """The plans of these instruction sets."""
    words = [sys.executable, "-P", str(HERE / "plans.py"), str(folder), *isas]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the plans cannot be written:\n{done.stderr}")
    return sorted(folder.glob("*.plan"))


def build_driver(folder: Path, flags: tuple[str, ...], mistake: str | None, jobs: int) -> Path:
    """The driver with the kernels and a team of POSIX threads."""
    kernels = copy_kernels(folder / "kernels", mistake)
    sources = [path for path in sorted(kernels.glob("nd_*.c")) if path.name not in ("nd_team.c", "nd_memory.c")]
    sources += [HERE / "driver.c", HERE / "team.c"]
    compiler = ["gcc", *C_FLAGS, *flags, f"-I{kernels}"]
    objects = [folder / f"{source.name}.o" for source in sources]
    compile_all([[*compiler, "-c", str(s), "-o", str(o)] for s, o in zip(sources, objects, strict=True)], jobs)
    compile_all([[*compiler, *map(str, objects), "-pthread", "-lm", "-o", str(folder / "driver")]], 1)
    return folder / "driver"


def check(name: str, *, threads: int, mistake: str | None, jobs: int) -> Outcome:
    """Build the driver for one checker, and run all plans of its instruction sets."""
    checker = CHECKERS[name]
    need(shutil.which(checker.command[0]), f"there is no `{checker.command[0]}`")
    if name == "tsan":
        need_library("libtsan.so")
    table: Kernels = {row for row in kernels_here(dict(os.environ)) if row[1] in checker.isas}
    with tempfile.TemporaryDirectory() as folder:
        plans = write_plans(Path(folder), sorted({isa for _, isa in table}))
        driver = build_driver(Path(folder), checker.flags, mistake, jobs)
        words = [*checker.command, str(driver), str(threads), *map(str, plans)]
        environment = {**os.environ, **dict(checker.environment)}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, errors="replace")
    ran = {(row[1], row[2]) for row in map(str.split, done.stdout.splitlines()) if row[:1] == ["kernel"]}
    output = done.stdout + done.stderr
    return Outcome(name, table, ran, len(re.findall(checker.report, output)), done.returncode, done.stderr)


def self_test(threads: int, jobs: int) -> int:
    """Plant each mistake; 0 where each is reported."""
    return judge_planted(
        (mistake, check(name, threads=threads, mistake=mistake, jobs=jobs)) for mistake, name in SELF_TESTS.items()
    )


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=CHECKERS)
    parser.add_argument("--threads", type=int, default=3)
    parser.add_argument("--plant", choices=SELF_TESTS)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at a time")
    asked = parser.parse_args()
    if asked.self_test:
        return self_test(asked.threads, asked.jobs)
    outcomes = []
    for name in [asked.only] if asked.only else CHECKERS:
        outcome = check(name, threads=asked.threads, mistake=asked.plant, jobs=asked.jobs)
        print(outcome.output, end="")
        outcomes.append(outcome)
    print("; ".join(outcome.line() for outcome in outcomes))
    return int(not all(outcome.fine() for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
