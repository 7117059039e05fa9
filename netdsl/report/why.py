"""What becomes of one node of a net: its numbers, where it is computed, by which kernel, and why by no other.

Every reason is given by the function that makes the choice: `choose.verdicts` for algorithms, the translation of a
step for its variants, `isa_verdicts` for instruction sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.compiler import lanes
from netdsl.compiler.compile import compile
from netdsl.compiler.dense import is_dense
from netdsl.compiler.layout import assign_layouts
from netdsl.compiler.passes.choose import DIRECT, verdicts
from netdsl.compiler.passes.late import transform_late
from netdsl.compiler.passes.prepare import own_outputs
from netdsl.compiler.program import isa_verdicts
from netdsl.compiler.provenance import carried_out, tensors_behind
from netdsl.compiler.stages import stages
from netdsl.compiler.tuning import Tuning
from netdsl.errors import escape, fail
from netdsl.graph.receptive_field import field_derivations
from netdsl.language.faults import sizes_chain
from netdsl.language.names import Wire
from netdsl.language.suggest import nearest_path
from netdsl.ops.op import Op, Ops
from netdsl.shapes import format_shape, product

if TYPE_CHECKING:
    from netdsl.compiler.layout import Layout
    from netdsl.compiler.plan import Plan
    from netdsl.graph.net import Net

PHASES = ("forward", "backward", "reduce", "update", "prepare")


@dataclass(frozen=True, eq=False)
class Compiled:
    """A net as it came out of each stage, and its plan."""

    net: Net
    lowered: Ops
    unchosen: Ops
    chosen: Ops
    laid: Ops
    layouts: dict[int, Layout]
    plan: Plan
    algorithm: str


def compiled(
    net: Net, *, batch: int, threads: int | None, algorithm: str, how: dict[str, Any], tune: bool = False
) -> Compiled:
    """Compile a net and keep what lies between. `how`: what a training program is compiled with.

    With `tune` neutral choices are those that were measured here before; nothing is measured now.
    """
    tuning = Tuning(measure=False)
    program = compile(
        net, net.zeros(), batch=batch, threads=threads, algorithm=algorithm, tune=tuning if tune else False, **how
    )
    found = dict(stages(net, algorithm=algorithm, **how))
    lowered, unchosen, chosen = (found[name] for name in ("lower", "update_early", "pool_tiles"))
    laid, layouts = assign_layouts(own_outputs(transform_late(chosen, batch)), batch)
    return Compiled(net, lowered, unchosen, chosen, laid, dict(layouts), program.plan, algorithm)


def nodes_of(net: Net, name: str) -> list[str]:
    """The node of that path, or all nodes inside a scope; `NetError` N707 with the nearest name."""
    if name in net.nodes:
        return [name]
    inside = [path for path in net.nodes if path.startswith(f"{name}.")]
    if inside:
        return inside
    scopes = {path.rpartition(".")[0] for path in net.nodes} - {""}
    likely = nearest_path(name, [*net.nodes, *scopes])
    hint = f"did you mean `{likely}`? " if likely else ""
    advice = f"{hint}`netdsl summary` lists the nodes"
    raise fail("N707", f"`{net.name}` has no node `{escape(name[:120])}`", help=advice)


def numbers(net: Net, path: str) -> dict[str, Any]:
    """What the net alone says of a node, each number with its derivation."""
    node, xs = net.nodes[path], net.input_shapes(path)
    tensors: list[dict[str, Any]] = [
        {
            "name": p.name,
            "role": p.role,
            "shape": list(p.shape),
            "count": prod(p.shape),
            "formula": p.formula,
            "shared": dict(node.ties).get(p.name),
        }
        for p in net.node_params(path)
    ]
    params = [t for t in tensors if t["role"] == "param"]
    count, state = (sum(t["count"] for t in tensors if t["role"] == role) for role in ("param", "state"))
    moving = " + ".join(str(t["count"]) for t in tensors if t["role"] == "state")
    macs, values = node.layer.macs(*xs), product(node.shape)
    return {
        "node": path,
        "layer": node.layer.text(),
        "place": str(node.span) if node.span else None,
        "inputs": {name: list(net.nodes[name].shape) for name in node.inputs},
        "shape": list(node.shape),
        "extents": {axis: extent.text for axis, extent in node.layer.extents(*xs)},
        "sizes": sizes_chain(net.nodes, Wire(path, node.shape, path), None, "", None),
        "params": {"count": count, "derivation": f"{count} = {' + '.join(t['formula'] for t in params) or '0'}"},
        "total": {"count": count + state, "derivation": f"{count + state} = {count} + {moving}" if state else ""},
        "tensors": tensors,
        "macs": {"count": macs.value, "derivation": macs.text},
        "rf": list(net.fields.get(path, ())),
        "field": list(field_derivations(net.graph, path)),
        "values": {"count": values.value, "derivation": values.text},
    }


def fate(at: Compiled, path: str) -> dict[str, Any]:
    """What the compiler made of a node: the operations that compute it, or the nodes that it became part of."""
    own = [op for op in at.chosen.ops if op.origin == path]
    done = carried_out(at.lowered, at.chosen)
    lowered = {id(op): op for op in at.lowered.ops if op.origin == path}
    homes = {
        op.origin: None
        for op in at.chosen.ops
        if op.origin != path and any(id(part) in lowered for i in op.outs for part in done.get(i, ()))
    }
    steps = _steps(at.plan, path)
    return {
        "operations": [_operation(at, op, done, steps) for op in sorted(own, key=lambda op: PHASES.index(op.phase))],
        "part_of": [{"node": home, "folded": _folds(at, home, path)} for home in homes],
        "needed": _is_needed(at, path),
        "computed": bool(lowered or own),
        "steps": steps,
        "instruction_sets": [{"name": name, "refused": why} for name, why in isa_verdicts(at.plan.isa)],
    }


def _is_needed(at: Compiled, path: str) -> bool:
    """Whether the node leads to an output of this program; heads do so in training alone."""
    roots = set(at.net.outputs.values())
    if "loss" in at.chosen.outputs:
        roots |= {head.output for head in at.net.heads}
    for node in reversed(list(at.net)):
        if node.path in roots:
            roots.update(node.inputs)
    return path in roots


def _steps(plan: Plan, path: str) -> list[dict[str, Any]]:
    rows = [row for row in plan.describe() if row["node"] == path]
    return [{**row, "refused": [list(one) for one in plan.described[row["step"]].refused]} for row in rows]


def _folds(at: Compiled, home: str, path: str) -> bool:
    """Whether tensors of a node went into the weight of another's product."""
    products = [
        op for op in at.chosen.ops if op.origin == home and op.kind in ("conv", "conv_pool", "dot") and len(op.ins) > 1
    ]
    return any(_owner(name) == path for op in products for name in tensors_behind(at.chosen, op.ins[1:2]))


def _owner(tensor: str) -> str:
    return tensor.rpartition(".")[0]


def _operation(
    at: Compiled, op: Op, done: dict[int, tuple[Op, ...]], steps: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    parts = [part for i in op.outs for part in done.get(i, ())]
    others = dict.fromkeys(part.origin for part in parts if part.origin not in ("", op.origin))
    name = ", ".join(at.chosen.values[i].name for i in op.outs)
    kernels = [step["kernel"] for step in steps if step["op"].partition(" = ")[0] == name]
    folded = [other for other in others if _folds(at, op.origin, other)]
    return {
        "phase": op.phase,
        "operation": at.chosen.line(op),
        "kernels": kernels,
        "ways": _ways(at, op),
        "weight": _weight(at, op),
        "folded": folded,
        "fused": [other for other in others if other not in folded],
        "epilogue": str(op.get("epilogue")) if op.get("epilogue") is not None else None,
    }


def _ways(at: Compiled, op: Op) -> list[dict[str, str]]:
    """Every way to compute a product, the fastest first, each with why it was refused."""
    found = [(way.words, why) for way, why in verdicts(at.unchosen, _same(at.unchosen, op), at.algorithm)]
    if op.kind in lanes.PRODUCTS:
        whole = is_dense(op, lambda i: at.chosen.values[i].shape)
        why = "its window is the whole image: a dense layer" if whole else lanes.refusal(at.chosen, at.plan.batch)
        with_lanes = ("a sum with the batch in the lanes", why)
        found = [with_lanes, *(found or [(DIRECT.words, "")])]
    return [{"name": name, "refused": why} for name, why in found]


def _same(program: Ops, op: Op) -> Op:
    """The operation as it was before an algorithm was chosen for it, and a pool was merged into it."""
    pooled = op.kind == "conv_pool"
    return next((one for one in program.ops if one.ins == op.ins and (one.outs == op.outs or pooled)), op)


def _weight(at: Compiled, op: Op) -> dict[str, Any] | None:
    """How the weight that a product reads lies in memory."""
    laid = next((one for one in at.laid.ops if one.outs == op.outs and one.kind == op.kind), None)
    if laid is None or op.kind not in ("conv", "conv_dx", "conv_pool", "dot") or at.laid.values[laid.ins[1]].batched:
        return None
    value, layout = at.laid.values[laid.ins[1]], at.layouts[laid.ins[1]]
    shape = tuple(int(n) for n in value.shape)
    return {
        "name": at.chosen.values[op.ins[1]].name,
        "shape": format_shape(shape),
        "layout": layout.words(shape),
        "numbers": layout.length(shape),
        "from": tensors_behind(at.chosen, op.ins[1:2]),
    }
