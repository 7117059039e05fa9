"""What a net says about how its tensors learn, beside the loss and the optimiser: penalties, multipliers, constraints.

    loss   ← loss + Σ over tensors (l1·Σ|w| + l2·Σw²) + mean over images (act_l1·Σ|y| + act_l2·Σy²)
    w      ← constraint(w - lr·step),   the step that of the optimiser with its decay multiplied by `decay`

They are operations of the compiled step like all others; where a layer says nothing, nothing is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.constraint import constrained
from netdsl.ops.expression import Expression, operands, unary
from netdsl.training.optimise.average import emit_average
from netdsl.training.optimise.gate import added_up, all_finite, begin_anew, gate, gate_statistics, share_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netdsl.compiler.lower import Loss, Update
    from netdsl.graph.net import Net
    from netdsl.ops.op import Build, Value
    from netdsl.training.optimise.clip import Clip
    from netdsl.training.optimise.optimiser import Optimiser


def with_penalties(net: Net, loss: Loss) -> Loss:
    """The loss plus the penalties of the tensors that are learned and of the layers that were lowered."""

    def total(build: Build, outputs: dict[str, Value]) -> Value:
        value, origin = loss(build, outputs), build.origin
        terms = [*_of_tensors(net, build), *_of_outputs(net, build)]
        build.origin = origin
        xs = operands(1 + len(terms))
        for start in range(0, len(terms), 4):
            part = terms[start : start + 4]
            value = build.map(sum(xs[1 : 1 + len(part)], start=xs[0]), value, *part)
        return value

    return total


def _of_tensors(net: Net, build: Build) -> list[Value]:
    found = []
    for name, param in net.tensors.items():
        tensor = build.named(name)
        if tensor is not None and param.trainable and (param.l1 or param.l2):
            build.origin = name.rpartition(".")[0]
            found.append(_sum(build, _penalty(param.l1, param.l2), tensor))
    return found


def _of_outputs(net: Net, build: Build) -> list[Value]:
    found = []
    for node in net:
        value = build.nodes.get(node.path)
        if value is not None and (node.layer.act_l1 or node.layer.act_l2):
            build.origin = node.path
            total = _sum(build, _penalty(node.layer.act_l1, node.layer.act_l2), value)
            x0, x1 = operands(2)
            found.append(build.map(x0 * x1, total, build.inverse_batch()))
    return found


def _penalty(l1: float, l2: float) -> Expression:
    (x,) = operands(1)
    return l1 * unary("abs", x) + l2 * (x * x)


def _sum(build: Build, term: Expression, value: Value) -> Value:
    made: Value = build.add("reduce", build.map(term, value), axes=tuple(range(len(value.shape))), keep=False)
    return made


def update_of(
    net: Net,
    optimiser: Optimiser,
    *,
    clip: Clip | None = None,
    accumulate: int = 1,
    ema: float = 0.0,
    skip: bool = False,
) -> Update:
    """What `compile` takes as `update`: the optimiser's step, with each tensor's multipliers and constraint.

    Before it, gradients are added up over `accumulate` batches and clipped; behind it, the parameters are averaged with
    `ema`. With `skip`, a batch whose gradients are not all finite changes nothing.
    """
    tensors = net.tensors

    def update(build: Build, pairs: Sequence[tuple[Value, Value]]) -> None:
        params, gradients = [param for param, _ in pairs], [gradient for _, gradient in pairs]
        build.origin = ""
        finite = all_finite(build, gradients) if skip and pairs else None
        sums = added_up(build, pairs, finite) if accumulate > 1 else []
        gradients = [share_of(build, total) for _, total in sums] or gradients
        gradients = clip.emit(build, gradients) if clip and pairs else gradients
        first = len(build.ops)
        for param, gradient in zip(params, gradients, strict=True):
            build.origin, own = param.name.rpartition(".")[0], tensors[param.name]
            stepped = optimiser.decaying(own.decay).step(build, param, gradient, own.lr)
            new = constrained(build, own.constraint, stepped)
            build.add("assign", param, new)
            if ema:
                emit_average(build, param, new, ema)
        if sums:
            begin_anew(build, sums, first)
        elif finite is not None:
            gate(build, finite, first)
        if finite is not None:
            gate_statistics(build, finite)

    return update
