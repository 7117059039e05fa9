"""What a net says about how its tensors learn, beside the loss and the optimiser: penalties, multipliers, constraints.

    loss   ← loss + Σ over tensors (l1·Σ|w| + l2·Σw²) + mean over images (act_l1·Σ|y| + act_l2·Σy²)
    w      ← constraint(w - lr·step),   the step that of the optimiser with its decay multiplied by `decay`

They are operations of the compiled step like all others; where a layer says nothing, nothing is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.constraint import constrained
from netdsl.ops.expression import Expression, operands, unary

if TYPE_CHECKING:
    from netdsl.compiler.lower import Loss, Update
    from netdsl.graph.net import Net
    from netdsl.ops.op import Build, Value
    from netdsl.training.optimiser import Optimiser


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


def update_of(net: Net, optimiser: Optimiser) -> Update:
    """What `compile` takes as `update`: the optimiser's step, with each tensor's multipliers and constraint."""
    tensors = net.tensors

    def update(build: Build, param: Value, gradient: Value) -> None:
        own = tensors[param.name]
        new = optimiser.decaying(own.decay).step(build, param, gradient, own.lr)
        build.add("assign", param, constrained(build, own.constraint, new))

    return update
