"""A search by two processes on one study, and what its best setting is worth beside the default.

    python tools/tune_lenet5.py [--trials 20] [--data DATA] [--folder FOLDER]

Starts `netdsl tune lenet5` twice on the same journal, prints the table of the study when both have ended, and trains
LeNet-5 as it ships and with the best setting, both with the images, epochs and seed of the search. A search looks at
the validation part alone; the test images are looked at once, at the end. Exit status 1 where one of the processes
carried out no trial, or where the best setting is not better than the default on the validation part.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

BEST = "the best: netdsl "
CARRIED_OUT = re.compile(r"^trial +\d", re.M)


def search(words: list[str]) -> tuple[list[int], str]:
    """How many trials each of two processes carried out, and what the study says when both have ended."""
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0] for process in both]
    if any(process.returncode for process in both):
        sys.exit(f"exit status {', '.join(str(process.returncode) for process in both)}: {shlex.join(words)}")
    counts = [len(CARRIED_OUT.findall(text)) for text in said]
    return counts, subprocess.run(words, check=True, capture_output=True, text=True).stdout


def train(words: list[str], run: Path) -> tuple[float, float]:
    """Accuracy after the last epoch of a training: on the validation part, and on the test images."""
    subprocess.run(["netdsl", *words, "--no-report", "--out", str(run)], check=True, stdout=subprocess.DEVNULL)
    with (run / "metrics.csv").open() as file:
        validation = float(list(csv.DictReader(file))[-1]["val_accuracy"])
    score = subprocess.run(["netdsl", "eval", str(run), "--format", "json"], check=True, capture_output=True)
    return validation, json.loads(score.stdout)["accuracy"]


def main() -> int:
    """Search, train both, and compare; 1 where the best is not better."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--data", help="what to train on; by default the images that ship")
    parser.add_argument("--folder", help="where the study is kept; by default it is thrown away")
    given = parser.parse_args()
    data = ["--data", given.data] if given.data else []
    with tempfile.TemporaryDirectory() as thrown_away:
        folder = Path(given.folder or thrown_away)
        study = ["--trials", str(given.trials), "--study", str(folder / "lenet5.study")]
        counts, said = search(["netdsl", "tune", "lenet5", *data, *study])
        print(said)
        best = next(line for line in said.splitlines() if line.startswith(BEST)).removeprefix(BEST)
        default = train(["train", "lenet5", *data], folder / "default")
        found = train(shlex.split(best), folder / "best")
    print(f"trials of the two processes: {counts[0]} and {counts[1]}\n")
    print("| setting | validation | test |\n|---|---|---|")
    for name, scores in (("default", default), ("best of the study", found)):
        print(f"| {name} | {scores[0]:.4f} | {scores[1]:.4f} |")
    return int(not all(counts) or found[0] <= default[0])


if __name__ == "__main__":
    sys.exit(main())
