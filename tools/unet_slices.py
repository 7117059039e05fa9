"""Trains a U-Net on slices of the brain and measures it on the block that was held out.

Usage: python tools/unet_slices.py mni --out unet_mni     (the folder `mni` is what tools/make_mni_slices.py writes)

The net is the published one, valid windows and cropped skips, with an eighth of its filters: slices of 116x116 are
mirrored at their borders to 300x300, and the output is about their 116x116 again. All settings stand below; the number
of epochs is fixed, and nothing is chosen on the held-out block. Prints the IoU of each class and their mean, over all
pixels of the block, and writes `slices.png`: image, truth and answer of some held-out slices, a row each. Exit status 1
where the mean is below 0.7.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from netdsl.data.open import open_data
from netdsl.training.answers.trained import open_run

NET = ("unet", "-p", "classes=3", "-p", "size=300", "-p", "width=8")
PREPARATION = "pad(92, mode=mirror) | rescale"
SETTINGS = (
    "loss=cross_entropy",
    "optimizer=adam(lr=0.001)",
    "schedule=cosine",
    "batch=4",
    "epochs=15",
    "seed=1",
    "validation=0",
    "metrics=accuracy, iou",
)
LEAST = 0.7
SHOWN = 5
COLOURS = np.array([(0, 0, 0), (214, 120, 60), (240, 240, 240)], np.uint8)
"""Of background, grey matter and white matter."""


def netdsl(*arguments: str, keep: bool = False) -> str:
    """Run a verb, and give back what it printed where that is to be kept."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "netdsl", *arguments],
        check=True,
        text=True,
        stdout=subprocess.PIPE if keep else None,
    )
    return done.stdout or ""


def draw(run: Path, data: Path, picture: Path) -> None:
    """Image, truth and answer of slices of the held-out block, evenly spread, each twice as large as it is."""
    trained, held = open_run(run), open_data(str(data), size=(300, 300, 1)).test
    assert held is not None, f"{data} has no test part"
    chosen = np.linspace(0, len(held) - 1, SHOWN).round().astype(int)
    program = trained.compiled(len(chosen), None)
    answers = np.asarray(program(trained.pipeline.apply(held.images[chosen]))).argmax(axis=-1)
    rows = [
        np.hstack([np.repeat(held.images[index], 3, axis=2), COLOURS[held.labels[index]], COLOURS[answer]])
        for index, answer in zip(chosen, answers, strict=True)
    ]
    pixels = np.vstack(rows)
    Image.fromarray(pixels.repeat(2, axis=0).repeat(2, axis=1)).save(picture)


def main() -> int:
    """Train, measure, draw; 1 where the mean IoU is too small."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    changes = [f'data="{given.data}" | {PREPARATION}', *SETTINGS]
    netdsl("train", *NET, *(part for change in changes for part in ("--set", change)), "--out", str(given.out))
    score = json.loads(netdsl("eval", str(given.out), "--format", "json", keep=True))
    draw(given.out, given.data, given.out / "slices.png")
    names = open_run(given.out).record.classes
    for name, share in zip(names, score["iou_by_class"], strict=True):
        print(f"{name:<13} IoU {share:.4f}")
    print(
        f"mean          IoU {score['iou']:.4f} on {score['images']} held-out slices, accuracy {score['accuracy']:.4f}"
    )
    return int(score["iou"] < LEAST)


if __name__ == "__main__":
    sys.exit(main())
