"""`cross_entropy`: for outputs that tell classes apart, of which one is right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from netdsl.ops.expression import operands
from netdsl.training.optimise.loss.base import LABELS, TINY, Array, Loss, logits_below
from netdsl.training.optimise.method import number

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class CrossEntropy(Loss, word="cross_entropy"):
    """Negative logarithm of the probability of the right class: -Σ_k t_k·log softmax(z)_k.

    t is 1 for the right class and 0 for the others; with `smoothing` ε it is (1-ε)·t + ε/K (Szegedy et al. 2016,
    section 7). Where the output is a softmax, its logits are taken as z; otherwise the output is z. It is computed as
    log Σ exp(z_k) - z_j + Σ_k d_k·z_k, j being the class with the largest t, and d = onehot(j) - t, the input
    `labels:rest`, which there is only where d is not 0. With `shares` the labels may be t (N, K) itself.
    """

    smoothing: float = number("share of the target that is spread over all classes", default=0.0, below=1.0)
    shares: bool = field(default=False, kw_only=True)

    def reads(self, build: Build, y: Value) -> Value:
        return logits_below(build, y, "softmax") or y

    def inverted(self, y: Array) -> Array:
        return np.asarray(np.log(np.maximum(y, TINY))) if self.end == "softmax" else y

    def rows(self, build: Build, z: Value, labels: str) -> Value:
        right: Value = build.add("softmax_xent", z, build.input(labels, z.shape[:-1], "i32"))
        if not (self.smoothing or self.shares):
            return right
        rest = build.input(f"{labels}:rest", z.shape)
        x0, x1 = operands(2)
        moved = build.add("reduce", build.map(x0 * x1, rest, z), axes=(len(z.shape) - 1,), keep=False)
        return build.map(x0 + x1, right, moved)

    def encode(self, labels: Array, size: int) -> Array:
        return np.asarray(labels.argmax(axis=-1) if labels.dtype.kind == "f" else labels, np.int32)

    def feed(self, labels: Array, size: int, name: str = LABELS) -> dict[str, Array]:
        right = self.encode(labels, size)
        if not (self.smoothing or self.shares):
            return {name: right}
        hard = np.asarray(right[..., None] == np.arange(size), np.float64)
        share = labels if labels.dtype.kind == "f" else hard
        rest = hard - ((1 - self.smoothing) * share + self.smoothing / size)
        return {name: right, f"{name}:rest": rest.astype(np.float32)}

    def fits(self, size: int, classes: int) -> bool:
        return size == classes > 0

    def scores(self, y: Array) -> Array:
        """Probabilities: y itself, or its softmax where y are logits."""
        if self.end == "softmax":
            return y
        e = np.exp(y.astype(np.float64) - y.max(axis=-1, keepdims=True))
        return np.asarray(e / e.sum(axis=-1, keepdims=True))
