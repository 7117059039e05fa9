"""The oracle: a net or a program of operations run in NumPy, in float32 or float64.

`run_net` goes through each layer's `forward`, `run_ops` through the NumPy body of each operation; nothing is shared
with the engine, and nothing is fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.graph.freeze import on_stored_statistics

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.ops.op import Ops, Value

Array = np.ndarray[Any, Any]


def run_net(
    net: Net, arrays: Mapping[str, Any], inputs: Mapping[str, Any], *, dtype: Any = np.float32, training: bool = False
) -> dict[str, Array]:
    """Every node's output by path. `arrays` are the tensors by full name, `inputs` arrays (N, …) by input name."""
    values: dict[str, Array] = {}
    for node in net:
        if not node.inputs:
            values[node.path] = np.asarray(inputs[node.path], dtype)
            continue
        tensors = {p.name: np.asarray(arrays[name], dtype) for name, p in net.node_tensors(node.path)}
        learns = training and not on_stored_statistics(net, node)
        values[node.path] = node.layer.forward([values[p] for p in node.inputs], tensors, training=learns)
    return values


@dataclass(frozen=True)
class Run:
    """What a program of operations did: every value by name, and the new arrays of what it assigned."""

    values: Mapping[str, Array]
    assigned: Mapping[str, Array]

    def __getitem__(self, name: str) -> Array:
        return self.values[name]


def run_ops(program: Ops, bindings: Mapping[str, Any], *, dtype: Any = np.float32) -> Run:
    """Run a program on arrays and numbers by name: inputs, parameters, states and scalars.

    `inverse_batch` is bound here. Outputs and gradients are also found under their own names: `run["loss"]`,
    `run["gradient of C1.weight"]`. An operation that stands after an `assign` reads the new array.
    """
    images = next((len(np.asarray(bindings[name])) for name in program.inputs if name in bindings), 1)
    given = {"inverse_batch": 1.0 / max(images, 1)} | dict(bindings)
    arrays: dict[int, Array] = {}
    for i, value in program.values.items():
        if value.role == "const":
            arrays[i] = _cast(program.consts[i], value, dtype)
        elif value.role != "temp" and value.name in given:
            arrays[i] = _cast(given[value.name], value, dtype)
    assigned: dict[str, Array] = {}
    for op in program.ops:
        ins = [arrays[i] for i in op.ins]
        if op.kind == "assign":
            arrays[op.ins[0]] = assigned[program.values[op.ins[0]].name] = ins[1]
            continue
        for i, array in zip(op.outs, program.run(op, ins, images), strict=True):
            arrays[i] = _cast(array, program.values[i], dtype)
    values = {program.values[i].name: array for i, array in arrays.items()}
    values |= {f"gradient of {name}": arrays[i] for name, i in program.gradients.items()}
    values |= {name: arrays[i] for name, i in program.outputs.items()}
    return Run(values, assigned)


def _cast(array: Any, value: Value, dtype: Any) -> Array:
    return np.asarray(array, dtype if value.dtype == "f32" else np.int32)
