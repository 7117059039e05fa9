"""Runs tests and counts, for each kernel, instruction set and number of threads, the tests that ran it.

    python tools/count_kernel_tests.py [pytest's arguments, default tests/core tests/engine]

A row a kernel, a column for each instruction set and number of threads, a total at the end of each row. The last line
sums up. Exit 1 where a test fails or a kernel that this processor has did not run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from sanitize.count import Kernels, kernels_here, read_records
from sanitize.tree import ROOT

Records = list[tuple[str, str, str, int]]


def table(records: Records, kernels: Kernels) -> str:
    """Tests by operation (rows), instruction set and threads (columns)."""
    counts = Counter((operation, isa, threads) for _, operation, isa, threads in set(records))
    sets = [isa for isa in ("base", "avx2", "avx512") if any(own == isa for _, own in kernels)]
    numbers = sorted({threads for _, _, _, threads in records})
    columns = [(isa, threads) for isa in sets for threads in numbers]
    operations = sorted({operation for operation, _ in kernels})
    width = max(map(len, operations))
    lines = [
        " " * width + "".join(f"{isa:>{7 * len(numbers)}}" for isa in sets),
        f"{'threads':<{width}}" + "".join(f"{threads:>7}" for _, threads in columns) + f"{'all':>8}",
    ]
    for operation in operations:
        cells = [counts[operation, isa, threads] for isa, threads in columns]
        lines.append(f"{operation:<{width}}" + "".join(f"{cell or '-':>7}" for cell in cells) + f"{sum(cells):>8}")
    tests, ran = len({test for test, *_ in records}), len({(o, i) for _, o, i, _ in records} & kernels)
    lines.append(f"{tests:,} tests run {ran} of {len(kernels)} kernels, on {', '.join(map(str, numbers))} threads")
    return "\n".join(lines)


def main() -> int:
    """Run the tests, print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join(filter(None, [str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": path, "KERNEL_RECORDS": folder}
        tests = sys.argv[1:] or ["tests/core", "tests/engine"]
        words = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "kernel_recorder", *tests]
        done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True)
        records = read_records(Path(folder))
    if done.returncode:
        print(done.stdout)
    kernels = kernels_here(dict(os.environ))
    print(table(records, kernels))
    return int(done.returncode != 0 or not kernels <= {(operation, isa) for _, operation, isa, _ in records})


if __name__ == "__main__":
    raise SystemExit(main())
