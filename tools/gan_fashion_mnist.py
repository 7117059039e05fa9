"""A DCGAN on all of Fashion-MNIST: whether its samples are of all ten classes, as a classifier tells them apart.

Usage: python tools/gan_fashion_mnist.py [--data /usr/share/datasets/fashion-mnist] [--out runs/gan_fashion_mnist]

Trains LeNet-5 and the GAN with the fixed settings of tools/oracle/fashion_lenet5.net and fashion_gan.net, into two
folders in `--out`; a training that was stopped there goes on. Then draws 1,000 samples, writes the first hundred as
`samples.png`, and prints the share of each class; exit status 1 where one is below 3 %.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gan_classes import COUNT, LEAST, print_shares
from netdsl.data.open import open_data
from netdsl.language.load import load_together
from netdsl.training.answers.trained import open_run
from netdsl.training.block.override import plain_override
from netdsl.training.keeping.checkpoint import checkpoints
from netdsl.training.recipes.sample import sample, write_samples
from netdsl.training.scores.progress import Lines
from netdsl.training.session import resume, train_net, train_together
from netdsl.training.terms import Terms

ORACLE = Path(__file__).parent / "oracle"
SHOWN = 100


def main() -> int:
    """Train both, and judge; 1 where a class is missing, 128 and its number where a signal came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="a folder with the four IDX files")
    parser.add_argument("--out", type=Path, default=Path("runs/gan_fashion_mnist"))
    given = parser.parse_args()
    classifier, gan = given.out / "classifier", given.out / "gan"
    for net, folder in (("fashion_lenet5", classifier), ("fashion_gan", gan)):
        if code := trained(ORACLE / f"{net}.net", given.data, folder):
            return code
    images = sample(open_run(gan / "Generator"), COUNT)
    write_samples(given.out / "samples.png", images[:SHOWN])
    names = open_data("fashion_mnist").train.classes
    return int(print_shares(images, open_run(classifier), names) < LEAST)


def trained(path: Path, data: str, folder: Path) -> int:
    """Train what a file holds, to the end; the code of the signal that came before, or 0."""
    nets, lines, terms = (
        load_together(path),
        [plain_override("data", data, option="--data")],
        Terms(progress=Lines(sys.stdout)),
    )
    if folder.exists() and checkpoints(folder):
        return resume(folder, nets, lines, terms).exit_code
    if len(nets) > 1:
        return train_together(nets, lines, terms, out=folder).exit_code
    return train_net(nets[0], lines, terms, out=folder).exit_code


if __name__ == "__main__":
    sys.exit(main())
