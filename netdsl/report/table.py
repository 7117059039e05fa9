"""Summaries as text: a table for the terminal, and the table that Keras prints."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from netdsl.errors import escape
from netdsl.graph.cost import cost_of
from netdsl.graph.net import Net
from netdsl.report.label import words
from netdsl.report.summary import Row, Summary, format_field
from netdsl.shapes import format_shape
from netdsl.symbolic.size import is_symbolic
from netdsl.symbolic.symbol import demands_of

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
# Keras' name of a layer, where it is not the keyword in capitals.
KERAS = {
    "conv": "Conv{rank}D",
    "conv_transpose": "Conv{rank}DTranspose",
    "depthwise": "DepthwiseConv{rank}D",
    "separable": "SeparableConv{rank}D",
    "maxpool": "MaxPooling{rank}D",
    "avgpool": "AveragePooling{rank}D",
    "global_avgpool": "GlobalAveragePooling{rank}D",
    "global_maxpool": "GlobalMaxPooling{rank}D",
    "batchnorm": "BatchNormalization",
    "layernorm": "LayerNormalization",
    "groupnorm": "GroupNormalization",
    "concat": "Concatenate",
    "mul": "Multiply",
    "max": "Maximum",
    "mean": "Average",
    "sub": "Subtract",
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "noise": "GaussianNoise",
    "upsample": "UpSampling{rank}D",
    "pad": "ZeroPadding{rank}D",
    "crop": "Cropping{rank}D",
}


def table(summary: Summary) -> RenderableType:
    """Rows grouped by scope, then the totals."""
    grid = Table(box=None, pad_edge=False, show_header=True, header_style="bold", padding=(0, 2, 0, 0))
    grid.add_column("name", no_wrap=True)
    grid.add_column("layer", ratio=None, overflow="fold")
    for title in ("output", "params", "macs", "rf"):
        grid.add_column(title, justify="right", no_wrap=True)
    scopes = {scope.path: scope.kind for scope in summary.net.scopes}
    above: list[str] = []
    for row in summary.rows:
        inside = [row.node.path[:i] for i, c in enumerate(row.node.path) if c == "." and row.node.path[:i] in scopes]
        for depth, path in enumerate(inside):
            if above[: depth + 1] != inside[: depth + 1]:
                above = inside[: depth + 1]
                grid.add_row(*_scope_cells(summary, path, scopes[path], depth, inside[depth - 1] if depth else ""))
        above = inside
        grid.add_row(*_cells(row, len(inside), inside[-1] if inside else ""))
    return Group(Text(escape(summary.net.name), style="bold"), grid, Text(), *_totals(summary))


def keras_table(summary: Summary) -> str:
    """The rows of Keras' `model.summary()`: name and type, output shape, parameters with state; then its totals."""
    net = summary.net
    rows = [row for row in summary.rows if row.node.path not in net.inputs]
    cells = [
        (f"{escape(row.node.path)} ({_keras_type(net, row)})", _keras_shape(row), f"{row.cost.total:,}") for row in rows
    ]
    cells.insert(0, ("Layer (type)", "Output Shape", "Param #"))
    widths = [max(len(line[i]) for line in cells) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in cells]
    rule = "=" * len(lines[0])
    t = summary.totals
    foot = (
        f"Total params: {t.total:,}",
        f"Trainable params: {t.trainable:,}",
        f"Non-trainable params: {t.nontrainable:,}",
    )
    return "\n".join((f'Model: "{escape(net.name)}"', rule, lines[0], rule, *lines[1:], rule, *foot)) + "\n"


def format_bytes(count: int) -> str:
    """`1.5 MiB`: three significant figures at the most, in powers of 1024."""
    if is_symbolic(count):
        return f"{count:,} B"
    size, unit = float(count), 0
    while size >= 1000 and unit + 1 < len(UNITS):
        size /= 1024
        unit += 1
    return f"{size:.3g} {UNITS[unit]}"


def _cells(row: Row, depth: int, scope: str) -> tuple[Text, ...]:
    name = row.node.path.removeprefix(f"{scope}.") if scope else row.node.path
    owners = ", ".join(dict.fromkeys(full.rpartition(".")[0] for _, full in row.node.ties))
    shared = (f", share {owners}" if owners else "") + (", frozen" if row.node.frozen and row.cost.total else "")
    return (
        Text("  " * depth + escape(name)),
        Text(escape(words(row.node.layer, rank=len(row.shape) - 1) + shared), style="dim"),
        Text(format_shape(row.shape)),
        Text(_count(row.cost.params)),
        Text(_count(row.cost.macs)),
        Text(format_field(row.rf)),
    )


def _scope_cells(summary: Summary, path: str, kind: str, depth: int, scope: str) -> tuple[Text, ...]:
    cost = cost_of(summary.net, [row.node.path for row in summary.rows if row.node.path.startswith(f"{path}.")])
    name = path.removeprefix(f"{scope}.") if scope else path
    style = "bold cyan"
    return (
        Text("  " * depth + escape(name), style=style),
        Text(escape(kind), style="cyan"),
        Text(),
        Text(_count(cost.params), style="cyan"),
        Text(_count(cost.macs), style="cyan"),
        Text(),
    )


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _totals(summary: Summary) -> list[Text]:
    totals = summary.totals
    lines = [
        ("params", f"{totals.params:,}"),
        ("trainable", f"{totals.trainable:,}"),
        ("non-trainable", f"{totals.nontrainable:,}"),
        ("state", f"{totals.state:,}"),
        ("macs", f"{totals.macs:,}"),
        (
            "memory",
            f"weights {format_bytes(summary.weight_bytes)}, "
            f"values of one image {format_bytes(summary.activation_bytes)}",
        ),
        *((f"{symbol.name}", text) for symbol in summary.net.symbols for text in demands_of(symbol)),
    ]
    return [Text.assemble((f"{name:<15}", "bold"), text) for name, text in lines]


def _keras_type(net: Net, row: Row) -> str:
    keyword = row.node.layer.keyword
    shapes = net.input_shapes(row.node.path)
    rank = len(shapes[0]) - 1 if shapes else 0
    plain = "".join(part.capitalize() for part in keyword.split("_"))
    return KERAS.get(keyword, plain).format(rank=rank)


def _keras_shape(row: Row) -> str:
    return f"(None, {', '.join('None' if is_symbolic(n) else str(n) for n in row.shape)})"
