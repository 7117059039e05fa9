"""Losses: what a training step makes smaller, as primitive operations and, for evaluation, in NumPy.

The mean over a batch of what each image adds; heads add theirs with their weights. Each loss is one frozen dataclass;
all shapes here are of an output flattened to (n, K), K being the number of classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import fail
from netdsl.ops.expression import Expression, max_, operands, unary
from netdsl.ops.op import BATCH
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.ops.op import Build, Value

Array = NDArray[Any]
LABELS = "labels"
TINY = 2.0**-126
"""The smallest normal float32: what a probability of 0 counts as."""

LOSSES: dict[str, type[Loss]] = {}


@dataclass(frozen=True)
class Loss:
    """Base of the losses; `class Mse(Loss, word="mse")` registers the name that a file writes.

    `probabilities` says that the output of the net is a softmax.
    """

    probabilities: bool = True
    word: ClassVar[str] = ""

    def __init_subclass__(cls, word: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if word:
            cls.word = word
            LOSSES[word] = cls

    def lower(self, build: Build, y: Value) -> Value:
        """Emit the loss of each image, (n,), from the output y (n, K); declares the input `labels`."""
        raise AssertionError(f"{type(self).__name__} has no lowering")

    def encode(self, labels: Array, classes: int) -> Array:
        """Labels (N,) as the input `labels` takes them."""
        raise AssertionError(f"{type(self).__name__} has no code for labels")

    def scores(self, y: Array) -> Array:
        """What the output y (N, K) says of each class, the more the surer."""
        return y

    def measure(self, y: Array, labels: Array) -> Array:
        """The loss of each image in NumPy, float64 (N,), from the net's output y (N, K) and labels (N,)."""
        raise AssertionError(f"{type(self).__name__} has no measure")


@dataclass(frozen=True)
class CrossEntropy(Loss, word="cross_entropy"):
    """Negative logarithm of the probability of the right class: -log softmax(z)[label].

    Where the output is a softmax, training uses its logits z; otherwise the output is z.
    """

    def lower(self, build: Build, y: Value) -> Value:
        labels = build.input(LABELS, (BATCH,), "i32")
        made: Value = build.add("softmax_xent", y, labels)
        return made

    def encode(self, labels: Array, classes: int) -> Array:
        return labels.astype(np.int32)

    def scores(self, y: Array) -> Array:
        """Probabilities: y itself, or its softmax where y are logits."""
        if self.probabilities:
            return y
        e = np.exp(y.astype(np.float64) - y.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    def measure(self, y: Array, labels: Array) -> Array:
        z = y.astype(np.float64)
        right = z[np.arange(len(z)), labels]
        if self.probabilities:
            return np.asarray(-np.log(np.maximum(right, TINY)))
        top = z.max(axis=1)
        return np.asarray(np.log(np.exp(z - top[:, None]).sum(axis=1)) + top - right)


@dataclass(frozen=True)
class _OneHot(Loss):
    """Base of the losses that compare each of the K numbers with t: 1 for the right class, 0 for the others."""

    def encode(self, labels: Array, classes: int) -> Array:
        return np.asarray(labels[:, None] == np.arange(classes), np.float32)

    def lower(self, build: Build, y: Value) -> Value:
        classes = int(y.shape[1])
        t = build.input(LABELS, (BATCH, classes))
        rows: Value = build.add("reduce", build.map(self.term(*operands(2)), y, t), axes=(1,), keep=False)
        return build.map(operands(1)[0] * (1.0 / classes), rows)

    def measure(self, y: Array, labels: Array) -> Array:
        from netdsl.ops.expression import evaluate

        z = y.astype(np.float64)
        t = self.encode(labels, y.shape[1]).astype(np.float64)
        return np.asarray(np.mean(evaluate(self.term(*operands(2)), [z, t]), axis=1))

    def term(self, y: Expression, t: Expression) -> Expression:
        """What one of the K numbers adds."""
        raise AssertionError(f"{type(self).__name__} has no term")


@dataclass(frozen=True)
class Mse(_OneHot, word="mse"):
    """Mean over the K numbers of (y - t)²."""

    def term(self, y: Expression, t: Expression) -> Expression:
        return (y - t) * (y - t)


@dataclass(frozen=True)
class BinaryCrossEntropy(_OneHot, word="binary_cross_entropy"):
    """Mean over the K numbers, each in 0 … 1 as a sigmoid gives it, of -(t·log y + (1-t)·log(1-y)).

    The logarithms' arguments stop at 2^-24, the distance from 1 to the float32 below it.
    """

    def term(self, y: Expression, t: Expression) -> Expression:
        least = 2.0**-24
        return -(t * unary("log", max_(y, least)) + (1.0 - t) * unary("log", max_(1.0 - y, least)))


def total_loss(net: Net, loss: Loss) -> Callable[[Build, dict[str, Value]], Value]:
    """What `compile` calls as `loss`: the mean over the batch, from the net's outputs and heads by name."""
    weights = {name: 1.0 for name in net.outputs} | {head.name: head.weight for head in net.heads}

    def total(build: Build, outputs: dict[str, Value]) -> Value:
        scale = build.inverse_batch()
        rows = [loss.lower(build, _rows(build, outputs[name], loss)) for name in weights]
        xs = operands(len(rows) + 1)
        mixed = sum((weight * x for weight, x in zip(weights.values(), xs, strict=False)), start=xs[0] * 0.0)
        made: Value = build.add("reduce", build.map(mixed * xs[-1], *rows, scale), axes=(0,), keep=False)
        return made

    return total


def loss_for(net: Net, word: str, classes: int) -> Loss:
    """The loss of that name for this net; `NetError` N508 unless every output has one number a class."""
    output = next(iter(net.outputs.values()))
    for path in (*net.outputs.values(), *(head.output for head in net.heads)):
        check_classes(path, net.nodes[path].shape, word, classes)
    layer = net.nodes[output].layer
    words = {layer.keyword, str(getattr(layer, "act", "")), str(getattr(layer, "name", ""))}
    return LOSSES[word](probabilities="softmax" in words)


def check_classes(path: str, shape: Shape, word: str, classes: int) -> None:
    """`NetError` N508 unless an output of this shape has one number a class."""
    if prod(shape) != classes:
        raise fail(
            "N508",
            f"the output `{path}` is {format_shape(shape)}, and the data have {classes} classes: "
            f"`{word}` takes one number a class",
        )


def _rows(build: Build, y: Value, loss: Loss) -> Value:
    """The output as the loss reads it, (n, K): for cross-entropy the logits below a softmax."""
    producer = build.producer(y)
    if isinstance(loss, CrossEntropy) and producer is not None and producer.kind == "softmax":
        y = build.values[producer.ins[0]]
    if len(y.shape) == 2:
        return y
    made: Value = build.add("reshape", y, shape=(prod(int(size) for size in y.shape[1:]),))
    return made
