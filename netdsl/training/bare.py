"""The compiled training step alone, without data, metrics or files: what `netdsl bench --train` measures."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.compiler.compile import compile
from netdsl.compiler.program import Program
from netdsl.ops.expression import operands
from netdsl.shapes import format_shape
from netdsl.training.optimise.loss import LABELS
from netdsl.training.optimise.optimiser import Sgd
from netdsl.training.optimise.rules import update_of, with_penalties

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights
    from netdsl.ops.op import Build, Shape, Value

OPTIMISER = Sgd(lr=0.001, momentum=0.9)
SCALARS = {"step": 1, "seed": 1, **OPTIMISER.scalars(1)}


def training_arguments(net: Net) -> dict[str, Any]:
    """What `compile` takes beside the net: a loss for whatever its outputs are, and SGD with momentum."""
    return {"loss": bare_loss(net), "update": update_of(net, OPTIMISER), "wrt": net.learned}


def bare_loss(net: Net) -> Callable[[Build, dict[str, Value]], Value]:
    """The mean over the batch of a loss for each output, and for heads with their weights.

    Cross-entropy where an output has several numbers, one label for each place of a map; the square of the distance to
    a target where it has one. Outputs whose labels have one shape share them: `labels`, else `labels:HxW`.
    """
    weights = {name: 1.0 for name in net.outputs} | {head.name: head.weight for head in net.heads}

    def total(build: Build, outputs: dict[str, Value]) -> Value:
        rows = [_loss_of(build, outputs[name]) for name in weights]
        xs = operands(len(rows) + 1)
        mixed = sum((weight * x for weight, x in zip(weights.values(), xs, strict=False)), start=xs[0] * 0.0)
        scaled = build.map(mixed * xs[-1], *rows, build.inverse_batch())
        made: Value = build.add("reduce", scaled, axes=(0,), keep=False)
        return made

    return with_penalties(net, total)


def _loss_of(build: Build, y: Value) -> Value:
    """The loss of each image, the mean over the places of a map."""
    x0, x1 = operands(2)
    if y.shape[-1] == 1:
        each = build.map((x0 - x1) * (x0 - x1), y, _given(build, "targets", y.shape, "f32"))
    else:
        producer = build.producer(y)
        logits = build.values[producer.ins[0]] if producer is not None and producer.kind == "softmax" else y
        each = build.add("softmax_xent", logits, _given(build, LABELS, y.shape[:-1], "i32"))
    if len(each.shape) == 1:
        return each
    places = prod(int(n) for n in each.shape[1:])
    summed = build.add("reduce", each, axes=tuple(range(1, len(each.shape))), keep=False)
    return build.map(x0 * (1.0 / places), summed)


def _given(build: Build, name: str, shape: Shape, dtype: str) -> Value:
    """The input of that name; of another where it is taken with another shape."""
    if name in build.inputs and build.values[build.inputs[name]].shape != shape:
        name = f"{name}:{format_shape(tuple(int(n) for n in shape[1:]))}"
    return build.input(name, shape, dtype)


def training_program(
    net: Net,
    weights: Weights | None = None,
    *,
    batch: int,
    threads: int | None = None,
    **how: Any,
) -> Program:
    """The training step of a net; without weights they are drawn with seed 1. `how`: as `compile` takes it."""
    weights = net.initialise(1) if weights is None else weights
    return compile(net, weights, batch=batch, threads=threads, **how, **training_arguments(net))
