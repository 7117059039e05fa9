"""What a net costs, node by node."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.graph.cost import FLOAT, Cost, activation_bytes, cost_of
from netdsl.graph.net import Net, Node
from netdsl.shapes import Shape, format_shape


@dataclass(frozen=True)
class Row:
    """One node and its cost. `rf` is the receptive field in input pixels for each axis, empty where there is none."""

    node: Node
    cost: Cost
    rf: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """The output without the batch."""
        return self.node.shape


@dataclass(frozen=True)
class Summary:
    """The rows of a net in the order of the text, and their sums.

    Bytes are those of float32 numbers; `activation_bytes` are the values of one image with none reused.
    """

    net: Net
    rows: tuple[Row, ...]
    totals: Cost
    weight_bytes: int
    activation_bytes: int


def summarise(net: Net) -> Summary:
    """Rows and totals of a net; nothing is allocated. Raises `Fault` N306 where a count does not fit in 64 bits."""
    fields = net.fields
    rows = tuple(Row(node, cost_of(net, [node.path]), fields.get(node.path, ())) for node in net)
    return Summary(net, rows, net.cost, FLOAT * net.total, activation_bytes(net))


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
        "totals": _totals(summary),
        "skipped": list(net.skipped),
    }


def _as_json(row: Row) -> dict[str, object]:
    field = row.rf[0] if len(set(row.rf)) == 1 else format_field(row.rf) or None
    return {
        "name": row.node.path,
        "layer": row.node.layer.text(),
        "inputs": list(row.node.inputs),
        "shape": list(row.shape),
        "params": row.cost.params,
        "state": row.cost.state,
        "macs": row.cost.macs,
        "rf": field,
        "shared": dict(row.node.ties),
        "frozen": row.node.frozen,
    }


def _totals(summary: Summary) -> dict[str, int]:
    names = ("params", "state", "total", "trainable", "nontrainable", "macs")
    counts = {name: getattr(summary.totals, name) for name in names}
    return counts | {"weight_bytes": summary.weight_bytes, "activation_bytes": summary.activation_bytes}
