"""How long `netdsl check` takes on large files, and whether twice the nodes take twice the time.

    python benchmarks/checking.py [--runs 5]

Prints a table in Markdown: files of 10,000 and 20,000 nodes of several kinds, the processor seconds of the fastest of
several runs in processes of their own, the ratio of the two, and the memory of the larger. Exit status 1 where 10,000
nodes take 3 seconds or more, or where twice the nodes take more than 2.3 times as long.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

NODES, MOST_SECONDS, MOST_RATIO = 10_000, 3.0, 2.3
CHECK = """
import resource, sys
from netdsl.language.check import check_file
before = resource.getrusage(resource.RUSAGE_SELF)
nets, found = check_file(sys.argv[1])
after = resource.getrusage(resource.RUSAGE_SELF)
assert nets and len(nets[0].nodes) >= int(sys.argv[2]), found[:1]
seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(seconds, after.ru_maxrss)
"""


def _net(*lines: str, blocks: str = "") -> str:
    return f"{blocks}net Large {{\n  input x: 16x16x8\n" + "\n".join(lines) + "\n}\n"


KINDS: dict[str, Callable[[int], str]] = {
    "named convolutions, one a line": lambda n: _net(*(f"  c{i}: conv(8, 3x3, pad=1, act=relu)" for i in range(n))),
    "declared shapes, residual sums": lambda n: _net(
        *(f"  c{i}: conv(8, 3x3, pad=same) -> 16x16x8\n  relu\n  add(c{i}, _)" for i in range(n // 3 + 1))
    ),
    "blocks": lambda n: _net(
        *(f"  b{i}: cbr(8)" for i in range(n // 3 + 1)),
        blocks="block cbr(w) { conv(w, 3x3, pad=1, bias=false) | batchnorm | relu }\n",
    ),
    "one line": lambda n: _net("  " + " | ".join(["conv(8, 3x3, pad=1)"] * n)),
    "branches of one merge": lambda n: _net("  concat {", *["    - conv(1, 1x1)"] * n, "  }"),
    "a loop": lambda n: _net(f"  for i in {n} {{ c[i]: conv(8, 3x3, pad=1) }}"),
}


def measure(text: str, nodes: int, runs: int) -> tuple[float, int]:
    """Processor seconds of the fastest run, and KiB of memory of the largest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.net")
        path.write_text(text)
        words = [sys.executable, "-P", "-c", CHECK, str(path), str(nodes)]
        found = [subprocess.run(words, check=True, capture_output=True, text=True).stdout.split() for _ in range(runs)]
    return min(float(seconds) for seconds, _ in found), max(int(memory) for _, memory in found)


def main() -> int:
    """Time everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print(f"| file | {NODES:,} nodes, s | {2 * NODES:,} nodes, s | ratio | memory, MiB |\n|---|---|---|---|---|")
    failed = False
    for kind, text in KINDS.items():
        (once, _), (twice, memory) = (measure(text(n), n, runs) for n in (NODES, 2 * NODES))
        print(f"| {kind} | {once:.2f} | {twice:.2f} | {twice / once:.2f} | {memory / 1024:.0f} |")
        failed |= once >= MOST_SECONDS or twice > MOST_RATIO * once
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
