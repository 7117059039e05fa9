"""`netdsl sizes` as text and as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from netdsl.graph.sizes import Side, Sizes
from netdsl.shapes import format_shape
from netdsl.symbolic.size import at
from netdsl.symbolic.symbol import demands_of

SHOWN = 5


def law(side: Side) -> str:
    """`H = 16k + 124, k ≥ 4`, `H ≥ 32`, `H = 227`, or `H from 32 to 35`."""
    s = side.symbol
    if s.most is not None:
        found = [n for n in range(s.least, s.most + 1) if s.allows(n)] if s.most - s.least < 1000 else []
        whole = len(found) > 2 and found[-1] - found[0] == len(found) - 1
        if whole:
            return f"{s.name} from {found[0]} to {found[-1]}"
        if found:
            return f"{s.name} = {', '.join(map(str, found))}"
    if len(s.residues) > 1:
        return " and ".join(s.constraints())
    if side.steps == 1:
        return f"{s.name} ≥ {s.smallest}"
    sign = f" {'+' if side.offset > 0 else '-'} {abs(side.offset)}" if side.offset else ""
    return f"{s.name} = {side.steps}k{sign}, k ≥ {side.least}"


def examples(sizes: Sizes) -> Iterator[dict[str, int]]:
    """The first valid sizes, sides in step with one another, and those of the net itself."""
    sides = [s.symbol for s in sizes.sides]
    own = {side.symbol.name: side.declared for side in sizes.sides}
    each = [islice((n for n in range(s.smallest, s.smallest + SHOWN * s.period) if s.allows(n)), SHOWN) for s in sides]
    found = [dict(zip(own, numbers, strict=True)) for numbers in zip(*each, strict=False)]
    if own not in found and all(s.allows(own[s.name]) for s in sides):
        found = [*found[: SHOWN - 1], own]
    yield from found


def lines(sizes: Sizes) -> Iterator[str]:
    """The law of each side, what demands it, and a table of inputs and outputs."""
    net = sizes.net
    if not sizes.sides:
        yield f"{net.name}: its inputs have no sides that could change"
        return
    for side in sizes.sides:
        known = f"   (k is the side of `{side.smallest}`)" if side.smallest and "k" in law(side) else ""
        yield f"{net.name}: {law(side)}{known}"
        yield from (f"  {text}" for text in demands_of(side.symbol) if "any size" not in text)
    names = [*net.inputs, *net.outputs]
    paths = [*net.inputs, *net.outputs.values()]
    rows = [names, [format_shape(sizes.shapes[p]) for p in paths]]
    rows += [[format_shape(at(sizes.shapes[p], one)) for p in paths] for one in examples(sizes)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(paths))]
    yield ""
    yield from ("  ".join(cell.rjust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows)


def as_json(sizes: Sizes) -> dict[str, Any]:
    """`sides` with their laws, and `examples`: shapes of inputs and outputs."""
    net = sizes.net
    paths = {**{name: name for name in net.inputs}, **net.outputs}
    return {
        "net": net.name,
        "sides": [
            {
                "name": side.symbol.name,
                "law": law(side),
                "least": side.symbol.smallest,
                "most": side.symbol.most,
                "period": side.symbol.period,
                "remainders": sorted(side.symbol.residues),
                "demands": [str(demand) for demand in side.symbol.demands],
            }
            for side in sizes.sides
        ],
        "shapes": {name: format_shape(sizes.shapes[path]) for name, path in paths.items()},
        "examples": [
            {name: list(at(sizes.shapes[path], one)) for name, path in paths.items()} for one in examples(sizes)
        ],
    }
