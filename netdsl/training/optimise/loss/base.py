"""What a loss is: what each image adds, as primitive operations, so that gradients are derived and bodies are checked.

An output is (n, K), or (n, H, W, K) where each place of a map has labels of its own: K numbers for the classes, or one
number for two classes, or K numbers to be met. `end` says what the output is, so that a loss can take the logits z
that lie below a softmax or a sigmoid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.ops.expression import operands, unary
from netdsl.ops.op import BATCH, Build
from netdsl.training.optimise.method import Method, number

if TYPE_CHECKING:
    from netdsl.ops.op import Shape, Value

Array = NDArray[Any]
Told = Array | Mapping[str, Array]
"""Labels; where outputs have labels of their own, these by output, and under an empty name those of all others."""
LABELS = "labels"
TINY = 2.0**-126
"""The smallest normal float32: what a probability of 0 counts as."""
LEAST = 2.0**-24
"""The distance from 1 to the float32 below it: how near to 0 or 1 a probability by itself may be."""
BLOCK = 256


@dataclass(frozen=True)
class Loss(Method):
    """Base of the losses; `class Mse(Loss, word="mse")` registers the name that a file writes.

    `end` is the activation of the output, `softmax` or `sigmoid`; else empty.
    """

    weight: float = number("factor in the sum over the outputs", default=1.0, kw_only=True)
    end: str = field(default="softmax", kw_only=True)

    def lower(self, build: Build, y: Value, labels: str = LABELS, places: Shape = ()) -> Value:
        """Emit the loss of each image, (n,), the mean over `places`; `labels` names the inputs that it declares."""
        z = self.reads(build, y)
        shape = (*places, prod(int(size) for size in y.shape[1:]) // prod(int(size) for size in places))
        if z.shape[1:] != shape:
            z = build.add("reshape", z, shape=shape)
        rows = self.rows(build, z, labels)
        if len(rows.shape) == 1:
            return rows
        total: Value = build.add("reduce", rows, axes=tuple(range(1, len(rows.shape))), keep=False)
        return build.map(operands(1)[0] * (1.0 / prod(int(size) for size in rows.shape[1:])), total)

    def reads(self, build: Build, y: Value) -> Value:
        """The value that the loss works on, of the output's shape: y itself or the logits below it."""
        return y

    def inverted(self, y: Array) -> Array:
        """What `reads` gives, taken from numbers of the output, float64."""
        return y

    def rows(self, build: Build, z: Value, labels: str) -> Value:
        """Emit the loss of each place of each image, (n, …)."""
        raise AssertionError(f"{type(self).__name__} has no rows")

    def encode(self, labels: Array, size: int) -> Array:
        """Labels (N, …) as the input `labels` takes them, `size` being K."""
        return one_hot(labels, size)

    def feed(self, labels: Array, size: int, name: str = LABELS) -> dict[str, Array]:
        """The inputs that `lower` declares under `name`, for these labels."""
        return {name: self.encode(labels, size)}

    def fits(self, size: int, classes: int) -> bool:
        """Whether an output with K = `size` can be compared with labels of so many classes; 0: labels are numbers."""
        return size == classes or (size == 1 and classes == 2)

    def scores(self, y: Array) -> Array:
        """What the output y says of each class, the more the surer: (N, …, classes)."""
        return both(1.0 - y, y) if y.shape[-1] == 1 else y

    def measure(self, y: Array, labels: Array) -> Array:
        """The loss of each image in float64, (N,), from the net's output y (N, …, K) and its labels."""
        from netdsl.reference import run_ops

        build = Build()
        z = build.input("z", (BATCH, *y.shape[1:]))
        build.outputs["rows"] = self.lower(build, z, places=y.shape[1:-1]).id
        program = build.finish()
        rows = [np.zeros(0)]
        for start in range(0, len(y), BLOCK):
            part = slice(start, start + BLOCK)
            given = {"z": self.inverted(y[part].astype(np.float64)), **self.feed(labels[part], y.shape[-1])}
            rows.append(run_ops(program, given, dtype=np.float64)["rows"])
        return np.concatenate(rows)


LOSSES: dict[str, type[Loss]] = Loss.known


def told(labels: Told, output: str = "") -> Array:
    """The labels of an output, by default of the first."""
    return labels.get(output, labels[""]) if isinstance(labels, Mapping) else labels


def one_hot(labels: Array, size: int) -> Array:
    """Targets t (N, …, K), float32: labels of classes as 1 for the right class and 0 for the others, or, with K = 1, as
    they are; numbers as they are.
    """
    if labels.dtype.kind == "f" and labels.ndim > 1 and labels.shape[-1] == size:
        return labels.astype(np.float32)
    if size == 1:
        return np.asarray(labels[..., None], np.float32)
    return np.asarray(labels[..., None] == np.arange(size), np.float32)


def both(first: Array, second: Array) -> Array:
    """Scores of two classes from those of one, (N, …, 1) twice to (N, …, 2)."""
    return np.concatenate([first, second], axis=-1)


def logits_below(build: Build, y: Value, activation: str) -> Value | None:
    """The value that a softmax or a sigmoid was taken of, where y is one."""
    producer = build.producer(y)
    if producer is None:
        return None
    if producer.kind == activation == "softmax":
        return build.values[producer.ins[0]]
    if (
        activation == "sigmoid"
        and producer.kind == "map"
        and producer["expression"] == unary("sigmoid", operands(1)[0])
    ):
        return build.values[producer.ins[0]]
    return None
