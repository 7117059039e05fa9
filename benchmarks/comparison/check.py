"""The comparison of what a runner computes with the reference, which comes before any time is taken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from comparison.workers import Failed, Worker

LIMITS = {"latency": 1e-3, "throughput": 1e-3, "training": 5e-2}
"""Errors above which a runner does not compute the same thing."""
LOSS_LIMIT, TENSOR_LIMIT = 1e-4, 0.3
"""Errors of a training step's loss and of the gradient of any one tensor: a sum that is off altogether is off by 1."""


def checked(worker: Worker, folder: Path, column: str, key: str) -> float:
    """The error of a runner, measured once for a `key`; raises `Failed` where it is over the limit.

    The error is the largest difference over the largest number of the reference. Of a training step it is the norm of
    the difference of all gradients over their norm: where rounding moves a ReLU, or the maximum of a pool, from one
    element to another, a few numbers of a gradient jump.
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
        if column != "training":
            return _within("out", relative_error(right["out"], given["out"]), LIMITS[column])
        _within("loss", relative_error(right["loss"], given["loss"]), LOSS_LIMIT)
        norms = {name: norms_of(right[name], given[name]) for name in right if name != "loss"}
    for name, (wrong, norm) in norms.items():
        _within(name, wrong / max(norm, 1e-30), TENSOR_LIMIT)
    wrong, norm = (np.linalg.norm(parts) for parts in zip(*norms.values(), strict=True))
    return _within("the gradient", float(wrong / norm), LIMITS[column])


def _within(name: str, error: float, limit: float) -> float:
    if not error <= limit:
        raise Failed(f"`{name}` is off by {error:.1e}")
    return error


def relative_error(right: np.ndarray, given: np.ndarray) -> float:
    """The largest |given - right|, over the largest |right|."""
    return float(np.max(np.abs(_difference(right, given))) / np.max(np.abs(right)))


def norms_of(right: np.ndarray, given: np.ndarray) -> tuple[float, float]:
    """The norm of a difference, the root of Σ (given - right)², and that of the reference."""
    return float(np.linalg.norm(_difference(right, given))), float(np.linalg.norm(right))


def _difference(right: np.ndarray, given: np.ndarray) -> np.ndarray:
    if right.shape != given.shape:
        raise Failed(f"an answer is {given.shape}, not {right.shape}")
    return np.asarray(given - right)
