"""Time what a user waits for: `netdsl --help`, `netdsl check resnet152`, and an epoch of LeNet-5.

    python benchmarks/commands.py [--runs 7]

Prints a table in Markdown: the median and the spread, and the limit that the project sets itself; exit status 1 where a
median is over it. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

COMMANDS = (("netdsl --help", 0.2), ("netdsl check resnet152", 0.5))


def time_command(command: str, runs: int) -> list[float]:
    """Wall seconds of each run, after one warm-up."""
    seconds = []
    for run in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)
        if run:
            seconds.append(time.perf_counter() - start)
    return seconds


def time_epochs(epochs: int) -> list[float]:
    """Seconds between the lines that end epochs of LeNet-5 on the shipped 6,000 images, validation included.

    The first epoch, whose line comes after the start of Python and the reading of the data, is not counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["netdsl", "train", "lenet5", "--epochs", str(epochs + 1), "--threads", "2", "--out", f"{folder}/run"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            ends = [time.perf_counter() for line in process.stdout if line.startswith("epoch")]
    assert process.returncode == 0 and len(ends) == epochs + 1
    return [after - before for before, after in itertools.pairwise(ends)]


def main() -> None:
    """Time everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    rows = [(command, limit, time_command(command, runs)) for command, limit in COMMANDS]
    rows.append(("one epoch of LeNet-5, batch 64, 2 threads", 1.5, time_epochs(runs)))
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print("| what | median, s | from | to | limit, s |\n|---|---|---|---|---|")
    for what, limit, seconds in rows:
        print(f"| {what} | {statistics.median(seconds):.3f} | {min(seconds):.3f} | {max(seconds):.3f} | {limit} |")
    if any(statistics.median(seconds) > limit for _, limit, seconds in rows):
        sys.exit("over the limit")


if __name__ == "__main__":
    main()
