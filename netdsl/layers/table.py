"""Connection tables: which input channels each filter of a convolution sees.

The weight of such a convolution holds only what is connected: (kernel…, connections), filter by filter in the order of
the table. To compute, it is spread into an ordinary weight with zeros between, by a product with a matrix of zeros and
ones; so its gradient, the same product turned round, holds only what is connected too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.values import Word, format_value

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value

Table = tuple[tuple[int, ...], ...]
"""For each filter the input channels that it sees."""

TABLES: dict[str, Table] = {
    "lenet_c3": (
        (0, 1, 2),
        (1, 2, 3),
        (2, 3, 4),
        (3, 4, 5),
        (4, 5, 0),
        (5, 0, 1),
        (0, 1, 2, 3),
        (1, 2, 3, 4),
        (2, 3, 4, 5),
        (3, 4, 5, 0),
        (4, 5, 0, 1),
        (5, 0, 1, 2),
        (0, 1, 3, 4),
        (1, 2, 4, 5),
        (0, 2, 3, 5),
        (0, 1, 2, 3, 4, 5),
    ),
}
"""`lenet_c3`: table I of LeCun et al. 1998, 6 maps to 16 over 60 connections."""


def convert(value: object) -> Word | Table | None:
    """A table as a layer keeps it, from its name or a list of lists of channels; None for anything else."""
    if isinstance(value, Word):
        return value if value in TABLES else None
    if not isinstance(value, list | tuple):
        return None
    rows = [[_whole(n) for n in row] if isinstance(row, list | tuple) else None for row in value]
    if any(row is None or None in row for row in rows):
        return None
    return tuple(tuple(n for n in row if n is not None) for row in rows if row is not None)


def _whole(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def rows_of(table: Word | Table) -> Table:
    """The channels of each filter."""
    return TABLES[table] if isinstance(table, Word) else table


def connections(table: Word | Table) -> int:
    """Pairs of an input channel and a filter that sees it."""
    return sum(map(len, rows_of(table)))


def check_table(table: Word | Table, channels: int, filters: int) -> None:
    """Raise `Fault` N312 where a table does not fit so many input channels and filters."""
    rows = rows_of(table)
    if len(rows) != filters:
        raise Fault(
            "N312",
            f"`table` has a row for each of {len(rows)} filters, and `filters` is {filters}",
            "table",
            changes=({"filters": str(len(rows))},),
        )
    for filter_, row in enumerate(rows):
        if not row:
            raise Fault("N312", f"filter {filter_} of `table` sees no input channel", "table")
        if len(set(row)) < len(row):
            raise Fault("N312", f"filter {filter_} of `table` sees a channel twice: {format_value(list(row))}", "table")
        beyond = next((c for c in row if not 0 <= c < channels), None)
        if beyond is not None:
            last = f"0 to {channels - 1}" if channels > 1 else "0 alone"
            words = f"filter {filter_} of `table` sees channel {beyond}; the input has {channels}, {last}"
            raise Fault("N312", words, "table")


def spreading(table: Word | Table, channels: int) -> Array:
    """The matrix (connections, channels·filters) of zeros and ones that spreads a weight."""
    import numpy as np

    rows = rows_of(table)
    pairs: Sequence[tuple[int, int]] = [(channel, filter_) for filter_, row in enumerate(rows) for channel in row]
    matrix = np.zeros((len(pairs), channels, len(rows)), np.float32)
    for connection, (channel, filter_) in enumerate(pairs):
        matrix[connection, channel, filter_] = 1
    return matrix.reshape(len(pairs), -1)


def spread(weight: Array, table: Word | Table, channels: int) -> Array:
    """The ordinary weight (kernel…, channels, filters) of a weight (kernel…, connections)."""
    import numpy as np

    wide = weight @ spreading(table, channels).astype(weight.dtype)
    return np.asarray(wide.reshape(*weight.shape[:-1], channels, len(rows_of(table))))


def spread_lowered(build: Build, weight: Value, table: Word | Table, channels: int) -> Value:
    """Emit `spread`."""
    matrix = build.const(spreading(table, channels), "table")
    wide = build.add("dot", weight, matrix, transpose="none")
    shape = (*weight.shape[:-1], channels, len(rows_of(table)))
    made: Value = build.add("reshape", wide, shape=shape)
    return made
