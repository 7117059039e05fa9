"""netdsl through its public interface: `program(x)`, and `program.step` for training."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import netdsl
from comparison.cases import NETS_FOLDER
from comparison.serve import Job, Ready, main
from netdsl.training.optimise.optimiser import Sgd

LR, MOMENTUM = 1e-4, 0.9
PROBE = 1024.0
"""A rate at which the change of a weight is its gradient to the last bits, whatever the weight is."""


def pixel_loss(build: Any, outputs: dict[str, Any]) -> Any:
    """Mean cross-entropy over images, and over pixels where the output is a map."""
    from math import prod

    from netdsl.ops.expression import operands
    from netdsl.ops.op import BATCH

    (y,) = outputs.values()
    labels = build.input("labels", (BATCH, *y.shape[1:-1]), "i32")
    rows = build.add("softmax_xent", y, labels)
    x0, x1 = operands(2)
    scaled = build.map(x0 * x1 * (1.0 / prod(int(n) for n in y.shape[1:-1])), rows, build.inverse_batch())
    return build.add("reduce", scaled, axes=tuple(range(len(rows.shape))), keep=False)


def load_net(job: Job) -> netdsl.Net:
    """The net that the folder was made from."""
    source = json.loads((job.folder / "source.json").read_text())
    name = source["source"]
    return netdsl.load(NETS_FOLDER / name if name.endswith(".net") else name, **source["parameters"])


def load(job: Job) -> Ready:
    """Compile the net with its weights."""
    net = load_net(job)
    x, labels = job.inputs()
    options: dict[str, Any] = {
        "batch": len(x),
        "threads": job.threads,
        "algorithm": "direct" if job.variant == "direct" else "auto",
    }
    if not job.training:
        program = netdsl.compile(net, job.weights, **options)
        return Ready(lambda: program(x), lambda: {"out": program(x)}, _versions(program))
    update = Sgd(lr=LR, momentum=MOMENTUM).update
    trained = netdsl.compile(net, job.weights, loss=pixel_loss, wrt=net.learned, update=update, **options)
    arrays = {net.inputs[0]: x, "labels": labels}

    def answer() -> dict[str, np.ndarray]:
        found = trained.step(arrays, lr=PROBE, step=1, seed=1)
        old = job.weights
        gradients = {name: (old[name] - trained.weights[name]) / PROBE for name in net.learned}
        return {"loss": found["loss"], **gradients}

    return Ready(lambda: trained.step(arrays, lr=LR, step=1, seed=1), answer, _versions(trained))


def _versions(program: netdsl.Program) -> dict[str, str]:
    return {"netdsl": netdsl.__version__, "numpy": np.__version__, "isa": program.plan.isa}


if __name__ == "__main__":
    main(load)
