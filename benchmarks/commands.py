"""Time what a user waits for: `netdsl --help`, `netdsl check resnet152`, and an epoch of LeNet-5.

    python benchmarks/commands.py [--runs 7]

Prints a table in Markdown: the median and the spread of whole processes, and the limit that the project sets itself.
Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import csv
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
    """Seconds between the ends of epochs of LeNet-5 on the shipped 6,000 images, validation included."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = ["netdsl", "train", "lenet5", "--epochs", str(epochs), "--threads", "2", "--out", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with (out / "metrics.csv").open() as file:
            return [float(row["seconds"]) for row in csv.DictReader(file)]


def main() -> None:
    """Time everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    rows = [(command, limit, time_command(command, runs)) for command, limit in COMMANDS]
    rows.append(("one epoch of LeNet-5, batch 64, 2 threads", 1.5, time_epochs(runs)))
    print(f"{platform.machine()}, Python {platform.python_version()}\n")
    print("| what | median, s | from | to | limit, s |\n|---|---|---|---|---|")
    for what, limit, seconds in rows:
        print(f"| {what} | {statistics.median(seconds):.3f} | {min(seconds):.3f} | {max(seconds):.3f} | {limit} |")
    if any(statistics.median(seconds) > limit for _, limit, seconds in rows):
        sys.exit("over the limit")


if __name__ == "__main__":
    main()
