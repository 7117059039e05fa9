"""The first losses of ResNet-20 on CIFAR-10 beside torch's, from the same weights on the same augmented batches.

    python tools/make_cifar10.py package cifar10                        # see there
    python tools/torch_resnet20.py --data cifar10 --torch ../torch-env/bin/python [--steps 100] [--set KEY=VALUE …]

Net and settings are those of tools/oracle/resnet20.net. At such step sizes two trainings of the same net part soon, for
whatever rounds differently: torch trains it in float64, too, and that is what both are measured by. Printed are some of
the losses, and the largest distances from float64 up to each of them. Exit status 1 where netdsl's first loss is off by
more than 1e-5, or its largest distance is above both 1e-3 and three times that of torch's own float32.
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
from netdsl.training.override import parse_override
from netdsl.training.settings import read_settings

FIRST, LIMIT, TIMES = 1e-5, 1e-3, 3.0
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
    programs = loop.compiled(task)
    first = {name: programs.weights[name].copy() for name in net.learned}
    indices = order(len(task.train), settings.seed, 1)
    batches = list(islice(task.train.batches(settings.batch, indices, epoch=1), given.steps))
    course = task.course()
    losses = [
        float(
            programs.learning.step({"image": images, **task.objective.feed(targets)}, **course.scalars(k + 1))["loss"]
        )
        for k, (images, _, targets) in enumerate(batches)
    ]

    job = {name: getattr(settings.optimizer, name) for name in ("lr", "momentum", "decay")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "job.npz")
        images, labels = (np.stack([batch[k] for batch in batches]) for k in (0, 1))
        np.savez(path, images=images, labels=labels, job=json.dumps(job), **first)
        theirs, exact = (torch_losses(given.torch, path, dtype) for dtype in ("float32", "float64"))

    ours_off, theirs_off = (np.maximum.accumulate(np.abs(np.subtract(one, exact))) for one in (losses, theirs))
    print("| step | netdsl | torch | torch, float64 | netdsl off | torch off |\n|---|---|---|---|---|---|")
    for k in sorted({0, 1, 2, 4, 9, 24, 49, 74, len(losses) - 1}):
        if k < len(losses):
            numbers = f"{losses[k]:.5f} | {theirs[k]:.5f} | {exact[k]:.5f} | {ours_off[k]:.1e} | {theirs_off[k]:.1e}"
            print(f"| {k + 1} | {numbers} |")
    return int(ours_off[0] > FIRST or ours_off[-1] > max(LIMIT, TIMES * theirs_off[-1]))


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
