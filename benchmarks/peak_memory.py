"""The memory that a training was predicted to take, beside what it took: one process a net.

Usage: python benchmarks/peak_memory.py [NET:BATCH …], by default the nets below. Exit status 1 where one is off by more
than 15 %. Two steps on random images, SGD with momentum, checkpoints included.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from math import prod
from pathlib import Path

import numpy as np

from netdsl.compiler.available import resident_memory
from netdsl.data.dataset import Dataset
from netdsl.language.load import load
from netdsl.training import loop
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.memory import predicted
from netdsl.training.programs import compiled

NETS = ("lenet5:512", "alexnet:16", "resnet18:8", "vgg16:2", "googlenet:8", "mobilenet_v2:8")
MOST = 0.15
MIB = 2**20


def one(name: str, batch: int) -> tuple[int, int]:
    """Bytes that were predicted for a training in this process, and its peak."""
    net = load(name)
    shape = net.nodes[loop.input_name(net)].shape
    classes = prod(net.nodes[next(iter(net.outputs.values()))].shape)
    labels = np.arange(2 * batch) % classes
    images = np.random.default_rng(1).integers(0, 256, (len(labels), *shape)).astype(np.uint8)
    data = Dataset(images, labels, tuple(map(str, range(classes))), "random")
    lines = ("optimizer=sgd(lr=1e-6, momentum=0.9)", f"batch={batch}", "epochs=1", "data=random | rescale")
    settings = read_settings((), [line for text in lines for line in parse_override(text)])
    task = loop.prepare(net, settings, data)
    programs = compiled(task)
    expected = predicted(programs).peak
    with tempfile.TemporaryDirectory() as folder:
        loop.train(task, programs, folder=Path(folder))
    return expected, resident_memory()[1]


def main(arguments: list[str]) -> int:
    """Print a row a net; the exit status."""
    if arguments[:1] == ["--one"]:
        name, _, batch = arguments[1].partition(":")
        print(*one(name, int(batch)))
        return 0
    wrong = 0
    print(f"{'net':<20}{'predicted':>12}{'real':>12}{'ratio':>8}")
    for spec in arguments or NETS:
        done = subprocess.run([sys.executable, __file__, "--one", spec], capture_output=True, text=True, check=True)
        expected, real = map(int, done.stdout.split())
        wrong += abs(real / expected - 1) > MOST
        print(f"{spec:<20}{expected / MIB:>8.1f} MiB{real / MIB:>8.1f} MiB{real / expected:>8.3f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
