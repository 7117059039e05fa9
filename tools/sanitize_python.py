"""The engine inside Python under AddressSanitizer and UndefinedBehaviorSanitizer.

Builds the extension in a temporary folder, once for each sanitizer, and runs tests with it, by default tests/core,
which run every kernel on every instruction set. The first report ends a run. The last line counts the kernels that ran.

    python tools/sanitize_python.py                              # both sanitizers, tests/core
    python tools/sanitize_python.py --only asan tests/engine     # one of them, other tests
    python tools/sanitize_python.py --isa base                   # the kernels of one instruction set
    python tools/sanitize_python.py --plant overflow             # a planted mistake: must fail with a report
    python tools/sanitize_python.py --self-test                  # plants each mistake, and fails unless it is reported

Needs gcc with libasan and libubsan, Cython and the packages of `pip install '.[test]'`. Exit 0 where all kernels ran
(some, where tests are named) and nothing was reported.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sanitize.count import Outcome, kernels_here, read_records
from sanitize.plant import judge_planted
from sanitize.tree import ROOT, build_package, need_library


@dataclass(frozen=True)
class Sanitizer:
    """Compiler flags, the library that is loaded before all others, the environment, and how a report begins.

    `unfit`: a test that measures what the sanitizer changes.
    """

    flags: tuple[str, ...]
    library: str
    environment: tuple[tuple[str, str], ...]
    report: str
    unfit: str | None = None


SANITIZERS = {
    "asan": Sanitizer(
        ("-fsanitize=address",),
        "libasan.so",
        (("ASAN_OPTIONS", "detect_leaks=0"), ("PYTHONMALLOC", "malloc")),
        "ERROR: AddressSanitizer",
        "tests/core/test_plan.py::test_many_runs_keep_no_memory",  # freed memory is kept, to see who reads it
    ),
    # Python's own flags hold -fwrapv, which would hide signed overflow.
    "ubsan": Sanitizer(
        ("-fno-wrapv", "-fsanitize=undefined,float-cast-overflow", "-fno-sanitize-recover"),
        "libubsan.so",
        (("UBSAN_OPTIONS", "print_stacktrace=1"),),
        "runtime error:",
    ),
}
# Which sanitizer sees a planted mistake, and the tests that run its kernel.
SELF_TESTS = {"overflow": ("asan", "lrn_sum"), "shift": ("ubsan", "random")}
BOUNDS = "tests/core/test_bounds.py"


def sanitize(name: str, tests: list[str], *, selection: str, mistake: str | None, jobs: int) -> Outcome:
    """Build with one sanitizer and run `tests`, those that `selection` names of them, if it names any."""
    sanitizer = SANITIZERS[name]
    library = need_library(sanitizer.library)
    with tempfile.TemporaryDirectory() as folder:
        built, records = Path(folder, "built"), Path(folder, "records")
        records.mkdir()
        build_package(built, sanitizer.flags, mistake, jobs)
        path = os.pathsep.join([str(built), str(ROOT / "tools")])
        environment = {**os.environ, **dict(sanitizer.environment), "LD_PRELOAD": library, "PYTHONPATH": path}
        environment["KERNEL_RECORDS"] = str(records)
        table = kernels_here(environment, built)
        # -s: what a sanitizer says before it ends the process must not stay in pytest's buffers.
        words = [
            sys.executable,
            "-P",
            "-m",
            "pytest",
            "-q",
            "-x",
            "-s",
            "-p",
            "no:cacheprovider",
            "-p",
            "kernel_recorder",
        ]
        words += ["--deselect", sanitizer.unfit] if sanitizer.unfit else []
        words += [*(["-k", selection] if selection else []), *tests]
        done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, errors="replace")
        ran = {(operation, isa) for _, operation, isa, _ in read_records(records)}
    output = done.stdout + done.stderr
    return Outcome(name, table, ran, output.count(sanitizer.report), done.returncode, output)


def self_test(jobs: int) -> int:
    """Plant each mistake; 0 where each is reported."""
    return judge_planted(
        (mistake, sanitize(name, [BOUNDS], selection=selection, mistake=mistake, jobs=jobs))
        for mistake, (name, selection) in SELF_TESTS.items()
    )


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", help="what to run (default: tests/core)")
    parser.add_argument("--only", choices=SANITIZERS)
    parser.add_argument("--isa", choices=["base", "avx2", "avx512"], help="only tests of this instruction set")
    parser.add_argument("--plant", choices=SELF_TESTS)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at a time")
    asked = parser.parse_args()
    if asked.self_test:
        return self_test(asked.jobs)
    outcomes = []
    for name in [asked.only] if asked.only else SANITIZERS:
        outcome = sanitize(
            name, asked.tests or ["tests/core"], selection=asked.isa or "", mistake=asked.plant, jobs=asked.jobs
        )
        if not outcome.fine(asked.isa, some=bool(asked.tests)):
            print(outcome.output, flush=True)
        outcomes.append(outcome)
    print("; ".join(outcome.line(asked.isa) for outcome in outcomes))
    return int(not all(outcome.fine(asked.isa, some=bool(asked.tests)) for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
