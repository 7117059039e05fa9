"""`binary_cross_entropy`: for outputs each of which says yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netdsl.ops.expression import Expression, max_, operands, unary
from netdsl.training.optimise.loss.base import LEAST, Array, Loss, both, logits_below

if TYPE_CHECKING:
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss, word="binary_cross_entropy"):
    """Mean over the K numbers of -(t·log p + (1-t)·log(1-p)), p = sigmoid(z)                     (Bishop 2006, 4.3.2).

    t is 1 for the right class and 0 for the others; one number alone is for two classes, t the label. Where the output
    is a sigmoid, its logits are taken as z; otherwise the output is z. It is computed as max(z, 0) - t·z +
    log(1 + exp(-|z|)), which never overflows. Of a softmax the probabilities are taken as p, at least 2^-24.
    """

    def reads(self, build: Build, y: Value) -> Value:
        return logits_below(build, y, "sigmoid") or y

    def inverted(self, y: Array) -> Array:
        if self.end != "sigmoid":
            return y
        return np.asarray(np.log(np.maximum(y, LEAST)) - np.log(np.maximum(1 - y, LEAST)))

    def rows(self, build: Build, z: Value, labels: str) -> Value:
        t = build.input(labels, z.shape)
        term = _of_probability if self.end == "softmax" else _of_logit
        total: Value = build.add("reduce", build.map(term(*operands(2)), z, t), axes=(len(z.shape) - 1,), keep=False)
        return build.map(operands(1)[0] * (1.0 / int(z.shape[-1])), total)

    def scores(self, y: Array) -> Array:
        p = y if self.end else np.exp(-np.logaddexp(0.0, -y.astype(np.float64)))
        return both(1.0 - p, p) if y.shape[-1] == 1 else p


def _of_logit(z: Expression, t: Expression) -> Expression:
    return max_(z, 0.0) - t * z + unary("log1p", unary("exp", -unary("abs", z)))


def _of_probability(p: Expression, t: Expression) -> Expression:
    return -(t * unary("log", max_(p, LEAST)) + (1.0 - t) * unary("log", max_(1.0 - p, LEAST)))
