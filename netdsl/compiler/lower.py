"""Net → Ops: each node's layer emits its operations; then the loss, its gradients, and the update of what is trained.

Out: dense(10, act=softmax)

%2 = dot(F6, Out.weight, transpose=none)        forward, origin Out
%3 = map(%2, Out.bias, expression=x0 + x1)
Out = softmax(%3)
…                                               the loss, then the phases backward and update
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netdsl.compiler.differentiate import differentiate
from netdsl.errors import Fault, fail
from netdsl.graph.freeze import on_stored_statistics
from netdsl.ops.op import BATCH, Build, Op, Ops, Value

if TYPE_CHECKING:
    from netdsl.graph.net import Net

Loss = Callable[[Build, dict[str, Value]], Value]
Update = Callable[[Build, Sequence[tuple[Value, Value]]], None]


def lower(
    net: Net,
    *,
    training: bool = False,
    want: Sequence[str] = (),
    loss: Loss | None = None,
    update: Update | None = None,
    wrt: Sequence[str] = (),
) -> Ops:
    """The program of a net, its values named by the nodes' paths.

    Outputs are those of the net, then each of `want` (a path, a label, or the name of a head), then, with a `loss`,
    the scalar `loss` = `loss(build, values)`, where `values` are the net's outputs by name and, in training, those of
    its heads. Heads that are neither wanted nor part of the loss are not lowered. `wrt` names parameters or inputs;
    with `update`, `update(build, pairs)` emits what becomes of each, given with its gradient, otherwise the gradients
    are roots of the program, by name. A mean over the images of a run multiplies by `build.inverse_batch()`, a scalar
    that is bound at each run, so that a plan made for a batch serves any smaller one. Everything that a training
    program changes it assigns at its end, in the phase `update`.
    """
    build = Build(training=training)
    heads = {head.name: head.output for head in net.heads}
    wanted = {name: heads.get(name, net.labels.get(name, name)) for name in want}
    scored = dict(net.outputs) | (heads if training else {})
    roots = {*net.outputs.values(), *wanted.values(), *(scored.values() if loss else ())}
    nodes = _lower_nodes(build, net, roots)
    build.outputs.update((name, nodes[path].id) for name, path in {**net.outputs, **wanted}.items())
    if loss is None:
        return build.finish()
    total = build.rename(loss(build, {name: nodes[path] for name, path in scored.items()}), "loss")
    build.outputs["loss"] = total.id
    _lower_gradients(build, total, wrt, update)
    _assign_last(build)
    return build.finish()


def _lower_nodes(build: Build, net: Net, roots: set[str]) -> dict[str, Value]:
    """Declare the tensors and lower the nodes that `roots` need; their values by path."""
    needed = set(roots)
    for node in reversed(list(net)):
        if node.path in needed:
            needed.update(node.inputs)
    nodes: dict[str, Value] = {}
    training = build.training
    for node in net:
        if not node.inputs:
            nodes[node.path] = build.input(node.path, (BATCH, *node.shape))
            continue
        if node.path not in needed:
            continue
        build.origin, build.training = node.path, training and not on_stored_statistics(net, node)
        for name, param in net.node_tensors(node.path):
            build.tie(param.name, build.tensor(name, param.shape, param.role))
        try:
            made = node.layer.lower(build, *(nodes[p] for p in node.inputs))
        except Fault as fault:
            raise fail(fault.code, fault.message, span=node.span) from None
        assert made.shape == (BATCH, *node.shape), f"{node.path}: lowered to {made.shape}, declared {node.shape}"
        nodes[node.path] = build.nodes[node.path] = build.rename(made, node.path)
    build.origin, build.training = "", training
    return nodes


def _assign_last(build: Build) -> None:
    """Move what the forward phase assigns (moving statistics) to the end, with the operations that only serve it.

    So a run may be stopped anywhere before the phase `update`, and has changed nothing.
    """
    readers = Counter(i for op in build.ops for i in set(op.ins))
    kept: list[Op] = []
    moved: list[Op] = []
    served: set[int] = set()
    for op in reversed(build.ops):
        late = op.kind == "assign" and op.phase == "forward"
        if late and readers[op.ins[1]] == 1:
            served.add(op.ins[1])
        if late or not served.isdisjoint(op.outs):
            moved.append(replace(op, phase="update"))
        else:
            kept.append(op)
    build.ops = [*reversed(kept), *reversed(moved)]


def _lower_gradients(build: Build, loss: Value, wrt: Sequence[str], update: Update | None) -> None:
    targets = [found for name in wrt if (found := build.named(name)) is not None]
    gradients = differentiate(build, loss, targets)
    if update is None:
        build.gradients.update((v.name, g.id) for v, g in zip(targets, gradients, strict=True))
        return
    build.phase = "update"
    update(build, list(zip(targets, gradients, strict=True)))
