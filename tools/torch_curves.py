"""Loss curves of netdsl beside torch's, from the same weights on the same batches, for every optimiser and loss.

    python tools/torch_curves.py --torch ../torch-env/bin/python       # 100 steps of each case
    python tools/torch_curves.py --torch … --only adam --steps 300

A case is one setting more than plain SGD on Fashion-MNIST: an optimiser with its arguments, a loss, clipping,
accumulation, or a schedule that torch has with the same formula, of `one_cycle` with the momentum that it moves.
Printed is, for each case, the loss at the first and at the last step, and the largest distance between the two curves
over all steps, as a share of the first loss. The environment may name the Python of --torch in NETDSL_TORCH_PYTHON.
Exit 1 where a distance is above 1e-3.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import netdsl
from netdsl.data.open import open_data
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import Settings, read_settings
from netdsl.training.course import Course
from netdsl.training.optimise.loss import objective_for
from netdsl.training.optimise.method import Method
from netdsl.training.programs import update_for

LIMIT = 1e-3
BATCH, EPOCH_STEPS = 32, 20
SIDE = Path(__file__).with_name("oracle") / "torch_training.py"
CLASSES = "net A {\n input x: 28x28x1\n C: conv(6, 5x5, pad=2, act=relu)\n maxpool(2x2)\n out: dense(10)\n}\n"
MASKS = "net A {\n input x: 28x28x1\n C: conv(6, 5x5, pad=2, act=relu)\n out: conv(1, 1x1)\n}\n"
CASES = (
    "optimizer=sgd(lr=0.05)",
    "optimizer=sgd(lr=0.02, momentum=0.9, decay=5e-4)",
    "optimizer=sgd(lr=0.02, momentum=0.9, nesterov=true)",
    "optimizer=rmsprop(decay=1e-4)",
    "optimizer=rmsprop(lr=5e-4, momentum=0.9)",
    "optimizer=rmsprop(centered=true, eps=1e-3)",
    "optimizer=adam(decay=1e-4)",
    "optimizer=adamw(decay=0.1)",
    "optimizer=adagrad(decay=1e-4)",
    "optimizer=adadelta(decay=1e-4)",
    "loss=cross_entropy(smoothing=0.1)",
    "loss=binary_cross_entropy",
    "loss=mse",
    "loss=hinge",
    "loss=hinge(squared=true, margin=2)",
    "loss=dice",
    "clip=norm(0.5)",
    "clip=value(0.01)",
    "accumulate=4",
    "schedule=step(every=2, gamma=0.5)",
    "schedule=multistep(at=[1, 3], gamma=0.2)",
    "schedule=poly(power=2)",
    "schedule=cosine",
    "schedule=one_cycle; optimizer=sgd(lr=0.1, momentum=0.9)",
    "schedule=one_cycle; optimizer=sgd(lr=0.1, momentum=0.9, nesterov=true)",
    "schedule=one_cycle(base_momentum=0.5, max_momentum=0.8); optimizer=adam",
    "schedule=one_cycle; optimizer=rmsprop(lr=5e-4, momentum=0.9)",
    "schedule=one_cycle(cycle_momentum=false); optimizer=sgd(lr=0.1, momentum=0.9)",
)


def settings_of(case: str) -> Settings:
    """The settings of a case: what it says beside SGD."""
    texts = ("optimizer=sgd(lr=0.05)", *case.split("; "))
    return read_settings((), [line for text in texts for line in parse_override(text)])


def arguments(method: Method) -> tuple[str, dict[str, Any]]:
    """A method and its arguments as JSON."""
    return method.word, {item.name: getattr(method, item.name) for item in method.declared()}


class Case:
    """What both sides train: a net, its first weights, and the batches of an epoch."""

    def __init__(self, text: str, epochs: int) -> None:
        self.text, self.settings, self.epochs = text, settings_of(text), epochs
        self.loss = self.settings.loss[""]
        self.on_map = self.loss.word == "dice"
        self.net = netdsl.parse(MASKS if self.on_map else CLASSES)
        data = open_data("fashion_mnist").train
        count = BATCH * EPOCH_STEPS
        self.images = data.images[:count].astype(np.float32) / 255
        self.labels = (self.images[..., 0] > 0.5).astype(np.int64) if self.on_map else data.labels[:count]
        self.weights = self.net.initialise(1)

    def write(self, path: Path) -> None:
        """The file that the other side reads."""
        clip = self.settings.clip
        job = {
            "tensors": list(self.weights),
            "on_map": self.on_map,
            "optimizer": arguments(self.settings.optimizer),
            "schedule": arguments(self.settings.schedule),
            "loss": arguments(self.loss),
            "clip": (clip.word, clip.most) if clip else None,
            "accumulate": self.settings.accumulate,
            "batch": BATCH,
            "epoch_steps": EPOCH_STEPS,
            "epochs": self.epochs,
        }
        np.savez(path, images=self.images, labels=self.labels, job=json.dumps(job), **dict(self.weights))

    def train(self) -> list[float]:
        """The loss of each step in netdsl."""
        objective = objective_for(self.net, {"": self.loss}, 2 if self.on_map else 10, self.labels.shape[1:])
        update = update_for(self.net, self.settings)
        program = netdsl.compile(
            self.net, self.weights, batch=BATCH, wrt=self.net.learned, loss=objective.lower, update=update
        )
        steps = self.epochs * EPOCH_STEPS
        course = Course(self.settings, steps=steps, epoch_steps=EPOCH_STEPS)
        losses = []
        for step in range(steps):
            at = step % EPOCH_STEPS * BATCH
            given = {"x": self.images[at : at + BATCH], **objective.feed(self.labels[at : at + BATCH])}
            losses.append(float(program.step(given, **course.scalars(step + 1))["loss"]))
        return losses


def curves_of_torch(python: str, cases: list[Case]) -> list[list[float]]:
    """The losses of each case in another Python's torch."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{k}.npz" for k in range(len(cases))]
        for path, case in zip(paths, cases, strict=True):
            case.write(path)
        done = subprocess.run([python, str(SIDE), *map(str, paths)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{python} cannot run torch: {done.stderr.strip().splitlines()[-1]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> int:
    """Compare, and print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", default=os.environ.get("NETDSL_TORCH_PYTHON"), help="a Python that has torch")
    parser.add_argument("--steps", type=int, default=100, help="steps of each case, in whole epochs of 20")
    parser.add_argument("--only", default="", help="cases with this text alone")
    given = parser.parse_args()
    if not given.torch:
        parser.error("name a Python that has torch: --torch or NETDSL_TORCH_PYTHON")
    epochs = max(given.steps // EPOCH_STEPS, 1)
    cases = [Case(text, epochs) for text in CASES if given.only in text]
    peers = curves_of_torch(given.torch, cases)
    far = 0
    print(f"{'case':<80}{'first':>8}{'last':>8}{'distance':>10}")
    for case, theirs in zip(cases, peers, strict=True):
        ours = case.train()
        distance = float(np.max(np.abs(np.subtract(ours, theirs))) / theirs[0])
        far += not distance <= LIMIT
        print(f"{case.text:<80}{ours[0]:>8.4f}{ours[-1]:>8.4f}{distance:>10.1e}")
    print(f"{len(cases)} cases of {epochs * EPOCH_STEPS} steps, {far} further from torch than {LIMIT:g}")
    return int(far > 0 or not cases)


if __name__ == "__main__":
    sys.exit(main())
