"""The files that every runner of a network reads: steps, weights, inputs, the reference and the net in ONNX."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import netdsl
from comparison.cases import COLUMNS, NETS_FOLDER, Case
from comparison.describe import describe
from netdsl.graph.net import Net

SEED = 1
ROOT = Path(__file__).parents[1]


def prepare(case: Case, columns: list[str], folder: Path, python: Path, say: Callable[[str], None]) -> None:
    """Make in `folder` what is missing there for these columns; all of it where the net has changed.

    `python` runs torch. Raises `subprocess.CalledProcessError` where torch fails.
    """
    source = NETS_FOLDER / case.source if case.source.endswith(".net") else case.source
    net = netdsl.load(source, **case.parameters)
    stamp = {
        "source": case.source,
        "parameters": dict(case.parameters),
        "batches": dict(case.batches),
        "seed": SEED,
        "steps": describe(net),
    }
    marker = folder / "source.json"
    if not marker.exists() or json.loads(marker.read_text()) != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "steps.json").write_text(json.dumps(stamp["steps"], indent=1))
        np.savez(folder / "weights.npz", **draw_weights(net))
        for column in COLUMNS:
            np.savez(folder / f"inputs-{column}.npz", **draw_inputs(net, case.batches[column]))
        marker.write_text(json.dumps(stamp))
    for column in columns:
        made = [f"reference-{column}.npz", *([] if column == "training" else [f"{column}.onnx"])]
        if not all((folder / name).exists() for name in made):
            say(f"{case.name}, {column}: the reference in float64")
            command = [str(python), "-m", "comparison.run_reference", str(folder), column]
            subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def draw_weights(net: Net) -> dict[str, np.ndarray[Any, Any]]:
    """What the net's initialisers give, and numbers in place of the 0 and 1 of biases and batch normalisation."""
    rng = np.random.default_rng(SEED)
    found = {name: np.array(array) for name, array in net.initialise(SEED).items()}
    for name, array in found.items():
        kind = name.rpartition(".")[2]
        if kind in ("bias", "beta", "mean"):
            array[...] = rng.normal(0, 0.1, array.shape)
        elif kind in ("gamma", "var"):
            array[...] = rng.uniform(0.5, 1.5, array.shape)
    return found


def draw_inputs(net: Net, batch: int) -> dict[str, np.ndarray[Any, Any]]:
    """Images from N(0, 1), and a class for each image, or for each pixel where the output is a map."""
    rng = np.random.default_rng(SEED)
    (name,), (output,) = net.inputs, net.outputs.values()
    *space, classes = net.nodes[output].shape
    image = rng.standard_normal((batch, *net.nodes[name].shape), np.float32)
    return {"image": image, "labels": rng.integers(0, classes, (batch, *space)).astype(np.int32)}
