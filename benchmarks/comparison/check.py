"""The comparison of what a runner computes with the reference, which comes before any time is taken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from comparison.workers import Failed, Worker

LIMITS = {"latency": 1e-3, "throughput": 1e-3, "training": 5e-2}
"""Errors above which a runner does not compute the same thing."""
LOSS_LIMIT = 1e-4


def checked(worker: Worker, folder: Path, column: str, key: str) -> float:
    """The error of a runner, measured once for a `key`; raises `Failed` where it is over the limit.

    The error is the largest difference over the largest number of the reference. Of a training step it is that of the
    worst gradient of a tensor, the norm of the difference over that of the reference: where rounding moves a ReLU, or
    the maximum of a pool, from one element to another, a few numbers of a gradient jump.
    """
    known = folder / "errors.json"
    errors: dict[str, float] = json.loads(known.read_text()) if known.exists() else {}
    key = f"{worker.runner.name} {column} {key}"
    if key not in errors or key.endswith("+"):
        out = folder / f"answer-{column}.npz"
        try:
            worker.check(out)
            errors[key] = error_of(folder / f"reference-{column}.npz", out, column)
        finally:
            out.unlink(missing_ok=True)
        known.write_text(json.dumps(errors, indent=1))
    return errors[key]


def error_of(reference: Path, answer: Path, column: str) -> float:
    """The error of an answer; raises `Failed` where it is over the limit, or lacks what the reference has."""
    with np.load(reference) as right, np.load(answer) as given:
        if set(right) != set(given):
            raise Failed(f"answers with other tensors: {', '.join(sorted(set(right) ^ set(given))[:4])}")
        measure = relative_norm if column == "training" else relative_error
        errors = {name: measure(right[name], given[name]) for name in right}
    if column == "training" and not (loss := errors.pop("loss")) <= LOSS_LIMIT:
        raise Failed(f"the loss is off by {loss:.1e}")
    name = max(errors, key=lambda name: (np.isnan(errors[name]), errors[name]))
    if not errors[name] <= LIMITS[column]:
        raise Failed(f"`{name}` is off by {errors[name]:.1e}")
    return errors[name]


def relative_error(right: np.ndarray, given: np.ndarray) -> float:
    """The largest |given - right|, over the largest |right|."""
    return float(np.max(np.abs(_difference(right, given))) / np.max(np.abs(right)))


def relative_norm(right: np.ndarray, given: np.ndarray) -> float:
    """The root of Σ (given - right)², over that of Σ right²."""
    return float(np.linalg.norm(_difference(right, given)) / np.linalg.norm(right))


def _difference(right: np.ndarray, given: np.ndarray) -> np.ndarray:
    if right.shape != given.shape:
        raise Failed(f"an answer is {given.shape}, not {right.shape}")
    return np.asarray(given - right)
