"""Train LeNet-5 as it ships and measure it on the test images, once for each seed.

    python benchmarks/accuracy.py [--seeds 1 2 3] [--data FOLDER] [--epochs N] [--least 0.9]

Prints a table in Markdown; exit status 1 where an accuracy is below `--least`. Without `--data` these are the shipped
6,000 + 1,000 images of Fashion-MNIST; FOLDER may hold all of it, as Debian's package `dataset-fashion-mnist` does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile


def train(seed: int, data: str | None, epochs: int | None) -> dict[str, float]:
    """What `netdsl eval --format json` says of a run with this seed."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["netdsl", "train", "lenet5", "--seed", str(seed), "--out", f"{folder}/run"]
        command += ["--data", data] if data else []
        command += ["--epochs", str(epochs)] if epochs else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        score = subprocess.run(["netdsl", "eval", f"{folder}/run", "--format", "json"], check=True, capture_output=True)
        found: dict[str, float] = json.loads(score.stdout)
        return found


def main() -> int:
    """Train once for each seed and print the table; 1 where an accuracy is too small."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--data")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--least", type=float, default=0.0)
    given = parser.parse_args()
    print("| seed | accuracy | loss | test images |\n|---|---|---|---|")
    missed = False
    for seed in given.seeds:
        score = train(seed, given.data, given.epochs)
        print(f"| {seed} | {score['accuracy']:.4f} | {score['loss']:.4f} | {score['images']:,} |", flush=True)
        missed |= score["accuracy"] < given.least
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
