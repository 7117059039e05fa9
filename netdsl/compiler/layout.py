"""How each value lies in memory, and the conversions between.

    before   y = conv(x, C1.weight, kernel=5x5)          dx = conv_dx(dy, C1.weight, size=28x28)
    after    C1.weight:panel = convert(C1.weight, to=panel)      y = conv(x, C1.weight:panel, kernel=5x5)      …

Activations are dense, channels last. The weights of `conv` and `dot` lie in *panels*: for each group, blocks of 16
output channels, each K rows (kh, kw, c) of 16 numbers, the lanes past the last channel 0. `conv_dx` reads
the *flip*: panels of the kernel turned by 180° with inputs and outputs exchanged; for a stride, its
taps are ordered by the pixels that they meet. A parameter that a product reads is kept in panels, and so are its
gradient and its optimiser slots, on which updates work elementwise. Where groups have few channels, the panel is that
of one group for all outputs, and *grouped* weights are its flip.

Small nets work with the batch in the *lanes* (compiler/lanes.py); their products read dense weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd, prod
from typing import TYPE_CHECKING, Any

from netdsl.compiler.dense import is_dense
from netdsl.compiler.lanes import in_lanes
from netdsl.compiler.winograd import size_of
from netdsl.ops.op import Op, Ops, Value, free_name

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float32]]

LANES = 16


@dataclass(frozen=True)
class Layout:
    """`kind`: `dense`, `panel`, `flip`, `grouped` or `lanes`; `groups` of the product that reads it; `points`:
    of the transform for Winograd, 0 where there is none.

    `spread`: in a flip or grouped weights, how far apart the taps stand that meet the same pixels; empty where it is 1.
    """

    kind: str = "dense"
    groups: int = 1
    points: int = 0
    spread: tuple[int, ...] = ()

    def length(self, shape: tuple[int, ...]) -> int:
        """Elements of an unbatched array of this (canonical) shape, padding included."""
        if self.kind == "dense":
            return prod(shape)
        rows, columns = self.panels(shape)
        if self.points:
            rows = rows // prod(shape[:-2]) * self.points
        return self.matrices * -(-columns // LANES) * rows * LANES

    @property
    def matrices(self) -> int:
        """How many matrices of panels there are: one for each group, one for all where they are grouped."""
        return 1 if self.kind == "grouped" else self.groups

    @property
    def source(self) -> Layout:
        """The panels that a flip or grouped weights are made from."""
        return Layout("panel", self.matrices)

    @property
    def canonical(self) -> bool:
        """Whether arrays lie as the language writes them."""
        return self.kind == "dense"

    def panels(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Rows and columns of each group's matrix, for the weight's canonical shape (k…, in/groups, out)."""
        taps, inputs, outputs = prod(shape[:-2]), shape[-2], shape[-1] // self.groups
        if self.kind == "grouped":
            return taps * outputs, inputs * self.groups
        return (taps * outputs, inputs) if self.kind == "flip" else (taps * inputs, outputs)

    def words(self, shape: tuple[int, ...]) -> str:
        """The layout of a weight of this canonical shape, for people."""
        if self.kind == "dense":
            return "dense, as the language writes it"
        rows, columns = self.panels(shape)
        turned = "turned by 180°, inputs and outputs exchanged, " if self.kind in ("flip", "grouped") else ""
        turned += "taps ordered by the pixels they meet, " if self.spread else ""
        points = f"transformed to {self.points} points, each " if self.points else ""
        rows = rows // prod(shape[:-2]) if self.points else rows
        of = "channels" if self.points else "(kernel, channel)"
        blocks = f"{-(-columns // LANES)} × {rows} rows of {LANES}, a row for each of its {of}"
        groups = f", for each of {self.matrices} groups" if self.matrices > 1 else ""
        spare = -columns % LANES
        return f"{turned}{points}panels: {blocks}{groups}" + (f"; {spare} lanes of the last are 0" if spare else "")

    def pack(self, array: Array, out: Array) -> None:
        """Canonical → panels: for each group, blocks of 16 columns, each with all rows; further lanes are 0."""
        assert self.kind == "panel", self.kind
        rows, columns = self.panels(array.shape)
        matrix = array.reshape(rows, self.groups, columns)
        blocks = -(-columns // LANES)
        panels = out.reshape(self.groups, blocks, rows, LANES)
        panels[...] = 0
        for block in range(blocks):
            part = matrix[:, :, block * LANES : (block + 1) * LANES]
            panels[:, block, :, : part.shape[2]] = part.transpose(1, 0, 2)

    def unpack(self, form: Array, out: Array) -> None:
        """Panels → canonical."""
        assert self.kind == "panel", self.kind
        rows, columns = self.panels(out.shape)
        blocks = -(-columns // LANES)
        panels = form.reshape(self.groups, blocks, rows, LANES)
        matrix = out.reshape(rows, self.groups, columns)
        for block in range(blocks):
            width = min(LANES, columns - block * LANES)
            matrix[:, :, block * LANES : block * LANES + width] = panels[:, block, :, :width].transpose(1, 0, 2)


DENSE = Layout()
IN_LANES = Layout("lanes")


def weight_layout(program: Ops, op: Op) -> Layout | None:
    """The layout in which an operation reads its second operand, or None when it reads no weight."""
    if op.kind == "conv_dx" and is_dense(op, lambda i: program.values[i].shape):
        return Layout("panel")
    if op.kind in ("conv", "conv_dx", "conv_pool"):
        algorithm = op.get("algorithm")
        points = size_of(op).points if algorithm == "winograd" and not op.get("late") else 0
        grouped = algorithm == "grouped"
        if op.kind != "conv_dx":
            return Layout("panel", 1 if grouped else op["groups"], points)
        spread = tuple(s // gcd(s, d) for s, d in zip(op["stride"], op["dilation"], strict=True))
        return Layout("grouped" if grouped else "flip", op["groups"], points, spread if max(spread) > 1 else ())
    if op.kind == "dot" and op["transpose"] != "a":
        return Layout("panel")
    return None


def gradient_layout(op: Op) -> Layout:
    """The layout in which an operation writes its result."""
    if op.kind == "conv_dw":
        return Layout("panel", 1 if op.get("algorithm") == "grouped" else op["groups"])
    if op.kind == "dot" and op["transpose"] == "a":
        return Layout("panel")
    return DENSE


def home_layouts(program: Ops, lanes: Sequence[bool]) -> dict[int, Layout]:
    """The layout of what the program does not make: parameters and slots in panels where a product reads them."""
    homes = {i: DENSE for i, v in program.values.items() if v.role != "temp"}
    for op, inside in zip(program.ops, lanes, strict=True):
        wanted = None if inside else weight_layout(program, op)
        if wanted and program.values[op.ins[1]].role == "param" and homes[op.ins[1]] == DENSE:
            homes[op.ins[1]] = wanted.source
    by_name = {v.name: i for i, v in program.values.items()}
    for i, value in program.values.items():
        owner = by_name.get(value.name.partition("@")[0])
        if value.role == "state" and "@" in value.name and owner is not None:
            homes[i] = homes[owner]
    return homes


class _Assigner:
    """Walks the program once, giving layouts and inserting conversions."""

    def __init__(self, program: Ops, batch: int) -> None:
        self.program = program
        self.lanes = in_lanes(program, batch)
        self.values: dict[int, Value] = dict(program.values)
        self.names = {value.name for value in program.values.values()}
        self.layouts = home_layouts(program, self.lanes)
        self.ops: list[Op] = []
        self.converted: dict[tuple[int, Layout], int] = {}

    def read(self, i: int, layout: Layout, reader: Op) -> int:
        """The id under which value `i` can be read in `layout`; converts at most once."""
        have = self.layouts[i]
        if have == layout:
            return i
        if (i, layout) in self.converted:
            return self.converted[i, layout]
        through = self._through(have, layout)
        source = i if through in (None, have) else self.read(i, through, reader)
        if self.layouts[source] == layout:
            return source
        have = self.layouts[source]
        value = self.values[i]
        name = f"{value.name}:{layout.kind}{':winograd' * (layout.points > 0)}"
        made = Value(len(self.values), value.shape, value.dtype, "temp", free_name(name, self.names))
        self.names.add(made.name)
        self.values[made.id] = made
        self.layouts[made.id] = layout
        to = "winograd" if layout.points else layout.kind
        attrs = {"groups": have.groups if layout == DENSE else layout.groups, "of": have.kind, "to": to}
        attrs |= {"spread": layout.spread} if layout.spread else {}
        attrs |= {"tile": reader["tile"]} if layout.points else {}
        ordered = tuple(sorted(attrs.items()))
        self.ops.append(Op("convert", (source,), (made.id,), ordered, reader.phase, reader.origin))
        self.converted[i, layout] = made.id
        return made.id

    @staticmethod
    def _through(have: Layout, layout: Layout) -> Layout | None:
        """A layout to convert to first, where no kernel converts directly."""
        if layout.points:
            return Layout(layout.kind, layout.groups)
        if have.kind == "dense" and layout.kind in ("flip", "grouped"):
            return layout.source
        if DENSE not in (have, layout) and have != layout.source:
            return DENSE
        return None

    def visit(self, op: Op, inside: bool) -> None:
        if inside:
            laid = [self.read(i, IN_LANES if self.values[i].batched else DENSE, op) for i in op.ins]
            self.ops.append(replace(op, ins=tuple(laid)))
            self.layouts.update((i, IN_LANES if self.values[i].batched else DENSE) for i in op.outs)
            return
        wanted = [DENSE] * len(op.ins)
        result = gradient_layout(op)
        weight = weight_layout(self.program, op)
        if weight:
            wanted[1] = weight
        elif op.kind == "map":
            result = self._elementwise(op)
            wanted = [result if self.values[i].shape else DENSE for i in op.ins]
        elif op.kind == "assign":
            wanted = [self.layouts[op.ins[0]]] * 2
        ins = tuple(self.read(i, layout, op) for i, layout in zip(op.ins, wanted, strict=True))
        self.ops.append(replace(op, ins=ins))
        self.layouts.update((i, result) for i in op.outs)

    def _elementwise(self, op: Op) -> Layout:
        """Panels where every operand that is not a scalar has the same shape and one lies in panels."""
        shapes = {self.values[i].shape for i in op.ins if self.values[i].shape}
        kinds = {self.layouts[i] for i in op.ins if self.layouts[i].kind == "panel"}
        same = len(shapes) == 1 and self.values[op.outs[0]].shape in shapes
        return next(iter(kinds)) if same and len(kinds) == 1 else DENSE

    def finish(self) -> tuple[Ops, dict[int, Layout]]:
        for op, inside in zip(self.program.ops, self.lanes, strict=True):
            self.visit(op, inside)
        end = Op("assign", (), ())
        outputs = {name: self.read(i, DENSE, end) for name, i in self.program.outputs.items()}
        gradients = {name: self.read(i, DENSE, end) for name, i in self.program.gradients.items()}
        program = replace(self.program, values=self.values, ops=tuple(self.ops), outputs=outputs, gradients=gradients)
        program.verify()
        return program, self.layouts


def assign_layouts(program: Ops, batch: int) -> tuple[Ops, Mapping[int, Layout]]:
    """The program with conversions inserted, and the layout of every value, for runs of up to `batch` images."""
    return _Assigner(program, batch).finish()
