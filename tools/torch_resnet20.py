"""The first losses of ResNet-20 on CIFAR-10 beside torch's, from the same weights on the same augmented batches.

    python tools/make_cifar10.py package cifar10                        # see there
    python tools/torch_resnet20.py --data cifar10 --torch ../torch-env/bin/python [--steps 100] [--set KEY=VALUE …]

Net and settings are those of tools/oracle/resnet20.net. Two trainings of a deep net part sooner or later, for whatever
rounds differently, at a step size of 0.1 within ten steps: the net has the warm-up and the first weights of Goyal et
al. 2017, which keep them together for a while. Printed are some of the losses and, up to each of them, the largest
distances from torch's float32 and float64, and of these two from each other. Exit status 1 where the first loss is off
by more than 1e-5 from torch's float32, or any by more than 1e-3.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np

import netdsl
from netdsl.data.open import open_data
from netdsl.training import loop
from netdsl.training.batches import order
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.programs import compiled

FIRST, LIMIT = 1e-5, 1e-3
HERE = Path(__file__).parent / "oracle"


def main() -> int:
    """Train on both sides, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cifar10", help="a folder with the binary files of CIFAR-10")
    parser.add_argument("--torch", default=os.environ.get("NETDSL_TORCH_PYTHON"), help="a Python that has torch")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], help="a setting, such as optimizer.lr=0.05"
    )
    given = parser.parse_args()
    if not given.torch:
        parser.error("name a Python that has torch: --torch or NETDSL_TORCH_PYTHON")

    net = netdsl.load(str(HERE / "resnet20.net"))
    settings = read_settings(net.settings, [line for text in given.settings for line in parse_override(text)])
    task = loop.prepare(net, settings, open_data(given.data).train)
    programs = compiled(task)
    first = {name: programs.weights[name].copy() for name in net.learned}
    indices = order(len(task.train), settings.seed, 1)
    feed = islice(task.train.batches(settings.batch, indices, epoch=1), given.steps)
    batches = [(images.copy(), labels, targets) for images, labels, targets in feed]
    course = task.course()
    losses, rates = [], []
    for k, (images, _, targets) in enumerate(batches):
        scalars = course.scalars(k + 1)
        rates.append(scalars["lr"])
        found = programs.learning.step({"image": images, **task.objective.feed(targets)}, **scalars)
        losses.append(float(found["loss"]))

    job = {"lr": rates, "momentum": settings.optimizer.momentum, "decay": settings.optimizer.decay}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "job.npz")
        images, labels = (np.stack([batch[k] for batch in batches]) for k in (0, 1))
        np.savez(path, images=images, labels=labels, job=json.dumps(job), **first)
        theirs, exact = (torch_losses(given.torch, path, dtype) for dtype in ("float32", "float64"))

    pairs = ((losses, theirs), (losses, exact), (theirs, exact))
    near, true, own = (np.maximum.accumulate(np.abs(np.subtract(*pair))) for pair in pairs)
    print("| step | lr | netdsl | torch | torch, float64 | off torch | off float64 | torch off float64 |")
    print("|---|---|---|---|---|---|---|---|")
    for k in sorted({0, 1, 2, 4, 9, 24, 49, 74, len(losses) - 1}):
        if k < len(losses):
            numbers = (
                f"{losses[k]:.5f} | {theirs[k]:.5f} | {exact[k]:.5f} | {near[k]:.1e} | {true[k]:.1e} | {own[k]:.1e}"
            )
            print(f"| {k + 1} | {rates[k]:.4f} | {numbers} |")
    return int(near[0] > FIRST or near[-1] > LIMIT)


def torch_losses(python: str, path: Path, dtype: str) -> list[float]:
    """The losses of the same steps in another Python's torch."""
    words = [python, str(HERE / "torch_resnet20.py"), str(path), dtype]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{python} cannot run torch: {done.stderr.strip().splitlines()[-1]}")
    losses: list[float] = json.loads(done.stdout)
    return losses


if __name__ == "__main__":
    sys.exit(main())
