"""Which classes a generator makes: its samples are shown to a classifier that was trained on the same data.

Usage: python tools/gan_classes.py runs/gan/Generator runs/classifier [--count 1000] [--seed 1] [--least 0.03]

Both must prepare their images in the same way. Prints the share of each class; exit status 1 where one is below
`--least`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from netdsl.training.answers.trained import TrainedNet, open_run
from netdsl.training.recipes.sample import sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNT, LEAST, BATCH = 1000, 0.03, 64


def main() -> int:
    """Print the share of each class; 1 where one is too small."""
    parser = argparse.ArgumentParser()
    parser.add_argument("generator")
    parser.add_argument("classifier")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=float, default=LEAST)
    given = parser.parse_args()
    generator, classifier = open_run(given.generator), open_run(given.classifier)
    if generator.pipeline.text() != classifier.pipeline.text():
        sys.exit(f"`{generator.pipeline.text()}` and `{classifier.pipeline.text()}` are different preparations")
    return int(print_shares(sample(generator, given.count, seed=given.seed), classifier) < given.least)


def print_shares(images: NDArray[np.float32], classifier: TrainedNet, names: Sequence[str] = ()) -> float:
    """Print how many of the images the classifier gives to each class, by its own names or these; the least share."""
    classes = names or classifier.record.classes
    answers = np.asarray(classifier.compiled(BATCH, None)(images)).reshape(len(images), -1).argmax(axis=1)
    shares = np.bincount(answers, minlength=len(classes)) / len(images)
    for name, share in zip(classes, shares, strict=True):
        print(f"{name:<12} {share:6.1%}")
    print(f"least {shares.min():.1%} of {len(images)} samples")
    return float(shares.min())


if __name__ == "__main__":
    sys.exit(main())
