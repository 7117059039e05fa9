"""What a net costs, node by node."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import reduce
from operator import mul

from netdsl.graph.net import Net, Node
from netdsl.graph.receptive_field import receptive_fields
from netdsl.shapes import Shape, format_shape, volume

FLOAT = 4  # bytes of a float32


@dataclass(frozen=True)
class Row:
    """One node. `shape` has no batch; `trainable` counts the `params` that an optimiser may change.

    `rf` is the receptive field in input pixels for each axis, empty where there is none.
    """

    node: Node
    inputs: tuple[str, ...]
    shape: Shape
    params: int
    state: int
    trainable: int
    macs: int
    rf: tuple[int, ...]


@dataclass(frozen=True)
class Totals:
    """Sums over the rows; bytes are those of float32 numbers, activations those of one image with none reused."""

    params: int
    state: int
    total: int
    trainable: int
    nontrainable: int
    macs: int
    weight_bytes: int
    activation_bytes: int


@dataclass(frozen=True)
class Summary:
    """The rows of a net in the order of the text, and their sums."""

    net: Net
    rows: tuple[Row, ...]
    totals: Totals


def summarise(net: Net) -> Summary:
    """Rows and totals of a net; nothing is allocated."""
    fields = receptive_fields(net.graph)
    rows = tuple(_row(net, node, fields.get(node.path, ())) for node in net)
    params, state, trainable = (sum(getattr(row, name) for row in rows) for name in ("params", "state", "trainable"))
    total = params + state
    totals = Totals(
        params=params,
        state=state,
        total=total,
        trainable=trainable,
        nontrainable=total - trainable,
        macs=sum(row.macs for row in rows),
        weight_bytes=FLOAT * total,
        activation_bytes=FLOAT * sum(volume(row.shape) for row in rows),
    )
    return Summary(net, rows, totals)


def format_field(field: tuple[int, ...]) -> str:
    """`32` where all axes agree, else `17x1`; empty where there is none."""
    return format_shape(field[:1] if len(set(field)) == 1 else field)


def as_json(summary: Summary) -> dict[str, object]:
    """The summary as plain values: `name`, `parameters`, `inputs`, `outputs`, `heads`, `nodes`, `totals`."""
    net = summary.net
    return {
        "name": net.name,
        "parameters": dict(net.parameters),
        "inputs": list(net.inputs),
        "outputs": dict(net.outputs),
        "heads": [{"name": head.name, "weight": head.weight, "output": head.output} for head in net.heads],
        "nodes": [_as_json(row) for row in summary.rows],
        "totals": asdict(summary.totals),
        "skipped": list(net.skipped),
    }


def _as_json(row: Row) -> dict[str, object]:
    field = row.rf[0] if len(set(row.rf)) == 1 else format_field(row.rf) or None
    return {
        "name": row.node.path,
        "layer": row.node.layer.text(),
        "inputs": list(row.inputs),
        "shape": list(row.shape),
        "params": row.params,
        "state": row.state,
        "macs": row.macs,
        "rf": field,
    }


def _row(net: Net, node: Node, field: tuple[int, ...]) -> Row:
    params = state = trainable = 0
    for tensor in net.node_params(node.path):
        count = reduce(mul, tensor.shape, 1)
        if tensor.role == "state":
            state += count
            continue
        params += count
        trainable += count if tensor.trainable else 0
    macs = node.layer.macs(*net.input_shapes(node.path)).value
    return Row(node, node.inputs, node.shape, params, state, trainable, macs, field)
