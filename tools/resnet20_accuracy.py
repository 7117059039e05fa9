"""Two epochs of ResNet-20 on CIFAR-10 here and, from three seeds, in torch: the accuracies on the test images.

    python tools/make_cifar10.py package cifar10                        # see there
    python tools/resnet20_accuracy.py --data cifar10 --torch ../torch-env/bin/python

Net and settings are those of tools/oracle/resnet20.net. Torch trains the same net with the same step sizes, decay and
kinds of augmentation, in float32, but draws first weights, order and augmentation from its own seeds. Exit status 1
where netdsl's accuracy is further from the mean of torch's three than twice their standard deviation.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter

import netdsl
from netdsl.data.open import open_data
from netdsl.training import loop
from netdsl.training.block.settings import read_settings
from netdsl.training.programs import compiled
from netdsl.training.samples import samples_of
from netdsl.training.scores.measure import measure
from netdsl.training.scores.progress import Lines

HERE = Path(__file__).parent / "oracle"
SEEDS = (1, 2, 3)
TORCH_ORDER = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}


def main() -> int:
    """Train on both sides at once, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cifar10", help="a folder with the binary files of CIFAR-10")
    parser.add_argument("--torch", default=os.environ.get("NETDSL_TORCH_PYTHON"), help="a Python that has torch")
    given = parser.parse_args()
    if not given.torch:
        parser.error("name a Python that has torch: --torch or NETDSL_TORCH_PYTHON")

    net = netdsl.load(str(HERE / "resnet20.net"))
    settings = read_settings(net.settings, [])
    data = open_data(given.data)
    task = loop.prepare(net, settings, data.train)
    course = task.course()
    job = {
        "folder": str(Path(given.data).resolve()),
        "shapes": {name: [net.tensors[name].shape[k] for k in _torch_order(net, name)] for name in net.learned},
        "batch": settings.batch,
        "epochs": settings.epochs,
        "seeds": SEEDS,
        "lr": [course.scalars(step)["lr"] for step in range(1, task.steps + 1)],
        "momentum": settings.optimizer.momentum,
        "decay": settings.optimizer.decay,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "job.json")
        path.write_text(json.dumps(job))
        words = [given.torch, str(HERE / "torch_resnet20_epochs.py"), str(path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as peer:
            start = perf_counter()
            programs = compiled(task)
            done = loop.train(task, programs, progress=Lines(sys.stdout))
            if done.stopped:
                peer.kill()
                return done.exit_code
            score = measure(
                netdsl.compile(net, programs.weights, batch=settings.batch),
                samples_of(data.test, task.pipeline),
                task.objective,
                task.tally(),
            ).values()
            print(f"\n| {settings.epochs} epochs | test accuracy | test loss | seconds |\n|---|---|---|---|")
            _show(f"netdsl, seed {settings.seed}", score["accuracy"], score["loss"], perf_counter() - start)
            theirs = []
            for line in peer.stdout or ():
                theirs.append(json.loads(line))
                _show(
                    f"torch, seed {theirs[-1]['seed']}", *(theirs[-1][key] for key in ("accuracy", "loss", "seconds"))
                )
    if len(theirs) < len(SEEDS):
        raise SystemExit(f"{given.torch} did not train ResNet-20 in torch")
    found = [one["accuracy"] for one in theirs]
    middle, spread = mean(found), 2 * stdev(found)
    print(f"\ntorch: {min(found):.4f} to {max(found):.4f}, mean {middle:.4f}, two standard deviations {spread:.4f}")
    return int(abs(score["accuracy"] - middle) > spread)


def _torch_order(net: netdsl.Net, name: str) -> tuple[int, ...]:
    return TORCH_ORDER[len(net.tensors[name].shape)]


def _show(name: str, accuracy: float, loss: float, seconds: float) -> None:
    print(f"| {name} | {accuracy:.4f} | {loss:.4f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
