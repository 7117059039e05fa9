"""Whether data come as fast as they are needed: image files beside Pillow's own decoding, and a step of LeNet-5.

    python benchmarks/loading.py [--runs 15] [--images 256] [--threads N]

Prints two tables in Markdown. The first: photographs as JPEG, by several threads, through a training's loader, beside
Pillow. The loader makes batches of float32: each file is read, checked to be the one that was listed, decoded (and
resized), cropped at random to 224x224, flipped, scaled. Pillow makes of each file an array of bytes, as whoever wants
its pixels has to: `Image.open` and `numpy.asarray` (and `resize`) in a pool of as many threads, nothing before, between
or after. The second: a step of LeNet-5 at batch 64 through `train`, loader and metrics included, beside the compiled
step on one batch. All are the fastest of many short runs that take turns, as a machine's pace may change from second to
second; so the loader is shown as it is from a training's second epoch on. Exit status 1 where the loader is slower than
Pillow, or where a step through `train` takes more than 1.2 times the bare one.

Which decoder the loader uses is printed: Pillow's, or simplejpeg's (`pip install 'netdsl[jpeg]'`), with the same bits.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image, ImageFilter

import netdsl
from netdsl.data.augment.policy import Augment, make_augmentation
from netdsl.data.image import Fit
from netdsl.data.image_files import list_images, reading_threads
from netdsl.data.jpeg import decoder
from netdsl.data.open import open_data
from netdsl.data.pipeline import Pipeline
from netdsl.data.steps import make_step
from netdsl.training import loop
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.live import Live
from netdsl.training.programs import compiled

BATCH, SIDE, MOST_RATIO = 64, 224, 1.2
TIMES = 2
"""How often the files are gone through in one run, which is to show the pace and not the start."""
PREPARATION = Pipeline((make_step("rescale"),))
AUGMENT = Augment((make_augmentation("crop", (SIDE,)), make_augmentation("flip")))
KINDS = {"256x256": ((256, 256), None), "500x375, resized to 256x256": ((500, 375), Fit((256, 256)))}


def photographs(folder: Path, count: int, size: tuple[int, int]) -> tuple[Path, ...]:
    """JPEG files that are about as large as photographs: soft shapes with some noise."""
    random = np.random.default_rng(1)
    for i in range(count):
        small = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8))
        soft = np.asarray(small.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1)), np.float32)
        noisy = np.clip(soft + random.normal(0, 6, soft.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{i}.jpg", quality=90)
    return tuple(sorted(folder.glob("*.jpg")))


def pillow(paths: tuple[Path, ...], fit: Fit | None, threads: int) -> float:
    """Seconds in which Pillow alone makes arrays of the files."""

    def decode(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            return np.asarray(image.resize(fit.size, Image.Resampling.BILINEAR) if fit else image)

    start = perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(decode, TIMES * paths):
            pass
    return perf_counter() - start


def samples_of(paths: tuple[Path, ...], fit: Fit | None, threads: int) -> Live:
    """What a training would go through, were these its files."""
    files, labels = list_images(paths, fit=fit), np.zeros(len(paths), np.int64)
    return Live(files, np.arange(len(paths)), labels, PREPARATION, AUGMENT, seed=1, threads=threads)


def loader(samples: Live) -> float:
    """Seconds in which a training's loader makes batches of them."""
    start = perf_counter()
    for images, *_ in samples.batches(BATCH, np.tile(np.arange(len(samples)), TIMES), epoch=1):
        assert images.shape[1:] == (SIDE, SIDE, 3)
    return perf_counter() - start


def fastest(runs: int, *works: Callable[[], float]) -> list[float]:
    """The fewest seconds of each, which take turns."""
    return [min(times) for times in zip(*([work() for work in works] for _ in range(runs)), strict=True)]


def images(count: int, runs: int, threads: int) -> bool:
    """The first table; whether the loader keeps up."""
    print(f"The loader decodes {decoder().__name__.replace('_', ' ')}.\n")
    print(f"| JPEG files, {threads} threads | Pillow, images/s | loader, images/s | ratio |\n|---|---|---|---|")
    ratios = []
    for name, (size, fit) in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = photographs(Path(folder), count, size)
            samples = samples_of(paths, fit, threads)
            alone, ours = fastest(runs, lambda: pillow(paths, fit, threads), lambda: loader(samples))  # noqa: B023
        ratios.append(alone / ours)
        print(f"| {name} | {TIMES * count / alone:.0f} | {TIMES * count / ours:.0f} | {ratios[-1]:.2f} |")
    return min(ratios) >= 1


def steps(runs: int, threads: int) -> bool:
    """The second table; whether a step through `train` is as fast as it should be."""
    net = netdsl.load("lenet5")
    whole = [*parse_override("epochs=1"), *parse_override("validation=0"), *parse_override("metrics=accuracy")]
    task = loop.prepare(net, read_settings(net.settings, whole), open_data("fashion_mnist").train)
    programs = compiled(task, threads=threads)
    (name,) = net.inputs
    images, labels, _ = next(iter(task.train.batches(BATCH, np.arange(BATCH))))
    given, scalars = {name: images, **task.objective.feed(labels)}, task.course().scalars(1)

    def bare() -> float:
        start = perf_counter()
        for _ in range(task.steps):
            programs.learning.step(given, **scalars)
        return perf_counter() - start

    def through_train() -> float:
        start = perf_counter()
        loop.train(task, programs)
        return perf_counter() - start

    alone, whole_step = (1000 * seconds / task.steps for seconds in fastest(runs, bare, through_train))
    print("| LeNet-5, batch 64 | compiled step, ms | through `train`, ms | ratio |\n|---|---|---|---|")
    print(f"| {threads} threads | {alone:.2f} | {whole_step:.2f} | {whole_step / alone:.2f} |")
    return whole_step <= MOST_RATIO * alone


def main() -> int:
    """Both tables; 1 where one of the limits is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--threads", type=int, default=reading_threads())
    given = parser.parse_args()
    good = images(given.images, given.runs, given.threads)
    print()
    return 0 if steps(given.runs, given.threads) and good else 1


if __name__ == "__main__":
    sys.exit(main())
