"""Forecasts of the sunspots by causal convolutions, dilated beside plain, by how far ahead they look.

    pip download statsmodels==0.15.0 --no-deps
    unzip -j statsmodels-*.whl statsmodels/datasets/sunspots/src/sunspots_monthly.dat
    python tools/sunspots.py --data sunspots_monthly.dat [--seeds 1 2 3] [--threads N]

Monthly means from 1749 to 2008 (public domain). Both nets are `dilated_causal` as it ships: four layers, 15,681
parameters; dilations of 1, 2, 4, 8 see the last 61 months, dilations of 1 the last 17. From what it sees up to a month
a net says the number of the month that lies LAG months ahead, and for each lag one is trained.

The split is in time: months up to December 1949 are learned from, in windows of 20 years of which one begins each year,
and the mean and deviation are theirs; what is forecast for January 1950 to December 2008 is compared. All settings
stand below; no part of the data had a say in them.

Prints the root of the mean squared error, in sunspots, as the mean over the seeds and their range, beside that of
always saying the mean of the years before 1950. Exit status 1 where the dilated net is not better at every lag of three
years and more, in the mean over the seeds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import netdsl
from netdsl.training.answers.trained import open_run
from netdsl.training.block.override import parse_override
from netdsl.training.session import train_net
from netdsl.training.terms import Terms

FIRST, LAST, LEARNED = 1749, 2008, 1949
WINDOW, EVERY = 240, 12
LAGS, LONG = (6, 12, 24, 36, 48, 60, 72), 36
NETS = {"plain": [1, 1, 1, 1], "dilated": [1, 2, 4, 8]}
SETTINGS = ("loss=mse", "optimizer=adam(lr=0.001)", "schedule=cosine", "validation=0", "batch=16", "epochs=30")

Array = NDArray[np.float64]


def monthly(path: str) -> Array:
    """The numbers of the table, a year a line, in order."""
    lines = [line.split() for line in Path(path).read_text("ascii").splitlines()]
    years = [words for words in lines if len(words) == 13 and words[0].isdigit()]
    if [int(words[0]) for words in years] != list(range(FIRST, LAST + 1)):
        sys.exit(f"{path}: twelve numbers for each year from {FIRST} to {LAST} are expected")
    return np.array([float(word) for words in years for word in words[1:]])


def forecasts(series: Array, learned: int, lag: int, dilations: list[int], seed: int, threads: int | None) -> Array:
    """What is said, after training on the first `learned` months, for all months from there on."""
    starts = range(0, learned - WINDOW - lag + 1, EVERY)
    seen = np.stack([series[k : k + WINDOW] for k in starts])[..., None].astype(np.float32)
    ahead = np.stack([series[k + lag : k + lag + WINDOW] for k in starts]).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder, "windows.npz"), x_train=seen, y_train=ahead)
        net = netdsl.load("dilated_causal", T=WINDOW, dilations=dilations)
        lines = (f'data="{folder}/windows.npz"', *SETTINGS, f"seed={seed}")
        overrides = [one for line in lines for one in parse_override(line)]
        train_net(net, overrides, Terms(threads=threads), out=Path(folder, "run"))
        weights = open_run(Path(folder, "run")).weights
    whole = netdsl.compile(netdsl.load("dilated_causal", T=len(series), dilations=dilations), weights, threads=threads)
    y = np.asarray(whole(series[None, :, None].astype(np.float32)), np.float64).ravel()
    return y[learned - lag : len(series) - lag]


def main() -> int:
    """Train all, print the table, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="sunspots_monthly.dat of statsmodels")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    sunspots = monthly(given.data)
    learned = 12 * (LEARNED - FIRST + 1)
    mean, deviation = sunspots[:learned].mean(), sunspots[:learned].std()
    series, right = (sunspots - mean) / deviation, sunspots[learned:]
    always = np.sqrt(np.mean((right - mean) ** 2))
    print("| months ahead | plain, 17 months | dilated, 61 months | always the mean |\n|---|---|---|---|")
    worse = False
    for lag in LAGS:
        means, cells = [], []
        for dilations in NETS.values():
            said = [forecasts(series, learned, lag, dilations, seed, given.threads) for seed in given.seeds]
            errors = [float(np.sqrt(np.mean((mean + deviation * y - right) ** 2))) for y in said]
            means.append(np.mean(errors))
            cells.append(f"{means[-1]:.1f} ({min(errors):.1f} to {max(errors):.1f})")
        print(f"| {lag} | {' | '.join(cells)} | {always:.1f} |", flush=True)
        worse |= lag >= LONG and means[1] >= means[0]
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
