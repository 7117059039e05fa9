"""Ops → Plan: layouts, what is prepared, steps, memory, bindings, records.

Buffer 0 is the arena; then come the constants (with the words of every bytecode program), the scalars, what is
prepared from the weights, and one buffer for each input, output, parameter and state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.compiler.bytecode import encode
from netdsl.compiler.lanes import GROUP
from netdsl.compiler.layout import IN_LANES, Layout, assign_layouts
from netdsl.compiler.memory import ALIGN, Memory, elements, plan_memory
from netdsl.compiler.passes.late import transform_late
from netdsl.compiler.passes.prepare import own_outputs, split_prepared
from netdsl.compiler.plan import Binding, KernelTable, Plan, PlanStep, buffer_sizes
from netdsl.compiler.tiles import Stretch, find_stretches
from netdsl.compiler.translate import TRANSLATIONS
from netdsl.compiler.translate.lanes import in_groups
from netdsl.compiler.translate.step import DIMS, Context, Operand, Step, sizes
from netdsl.compiler.views import View, find_views
from netdsl.ops.op import Op, Ops

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

ARENA, CONSTS, SCALARS, PREPARED = 0, 1, 2, 3
OPERANDS = 8
NANOSECONDS = {
    "conv": 0.02,
    "conv_winograd": 0.008,
    "conv_dw": 0.03,
    "conv_dw_winograd": 0.01,
    "conv_pool": 0.02,
    "dot_dx": 0.02,
    "conv_lanes": 0.01,
    "conv_dw_lanes": 0.015,
    "conv_grouped": 0.04,
    "conv_grouped_dw": 0.04,
}
ELEMENT, FLOAT, NOWHERE = 0.2, 4, -1
Choose = Callable[[Step, int], Step]
"""What makes the neutral choices of a step that works on so many images at a time."""


def as_it_is(step: Step, _images: int) -> Step:
    """The step with its defaults."""
    return step


def assemble(program: Ops, *, batch: int, threads: int, table: KernelTable, choose: Choose = as_it_is) -> Plan:
    """The plan of a program for runs of up to `batch` images; `choose` makes the neutral choices of each step."""
    laid, layouts = assign_layouts(own_outputs(transform_late(program, batch)), batch)
    early, main = split_prepared(laid)
    first, steps = _Part(early, layouts, batch, choose), _Part(main, layouts, batch, choose)
    store = _Store(main, layouts, early, batch)
    rows = {part: [store.row(part, table, placed) for placed in part.steps] for part in (first, steps)}
    begin = next((k for k, placed in enumerate(steps.steps) if placed.op.phase == "update"), None)
    if begin is not None:
        rows[steps][begin]["update_starts"] = 1
    consts = store.consts()
    return Plan(
        batch=batch,
        isa=table.isa,
        threads=threads,
        steps=steps.words(table.isa),
        prepare_steps=first.words(table.isa),
        records=_matrix(rows[steps], table),
        prepare_records=_matrix(rows[first], table),
        bindings=tuple(store.bindings),
        sizes=buffer_sizes(
            store.bindings,
            arena=steps.memory.arena,
            consts=consts.size,
            scalars=len(store.scalars),
            prepared=store.prepared_size,
        ),
        arena=steps.memory.arena,
        prepare_arena=first.memory.arena,
        prepared_size=store.prepared_size,
        consts=consts,
        scalars=store.scalars,
    )


@dataclass(frozen=True)
class _Placed:
    """A step with the offset of its scratch; the tile of images that it works on (0: all); the step that it repeats."""

    op: Op
    step: Step
    scratch: int
    first: int = 0
    images: int = 0
    repeats: int = -1


@dataclass(eq=False)
class _Part:
    """The steps of a program, each with the offset of its scratch, and the places of values in the arena."""

    program: Ops
    layouts: Mapping[int, Layout]
    batch: int
    choose: Choose
    steps: list[_Placed] = field(init=False)
    memory: Memory = field(init=False)
    views: dict[int, View] = field(init=False)

    def __post_init__(self) -> None:
        self.views = find_views(self.program, self.layouts)
        stretches = () if IN_LANES in self.layouts.values() else find_stretches(self.program, self.batch)
        at = Context(lambda i: self.program.values[i].shape, self.batch, self._length, self.views)
        images = {k: s.images for s in stretches for k in range(s.begin, s.end)}
        made = [
            [
                self.choose(step, n)
                for step in (in_groups if self._in_lanes(op) else TRANSLATIONS[op.kind])(op, replace(at, batch=n))
            ]
            for k, op in enumerate(self.program.ops)
            for n in (images.get(k, self.batch),)
        ]
        extra = [max((step.scratch for step in steps), default=0) for steps in made]
        self.memory = plan_memory(self.program, self.layouts, self.batch, extra, self.views, stretches)
        self.steps = []
        begins = {stretch.begin: stretch for stretch in stretches}
        for k in range(len(made)):
            if stretch := begins.get(k):
                self._place_tiles(made, stretch)
            elif k not in images:
                self._place(made, range(k, k + 1))

    def _place(self, made: Sequence[Sequence[Step]], numbers: range, first: int = 0, images: int = 0) -> None:
        for k in numbers:
            for step in () if k in self.memory.skipped else made[k]:
                scratch = self.memory.offsets.get(-1 - k, 0)
                self.steps.append(_Placed(self.program.ops[k], step, scratch, first, images))

    def _place_tiles(self, made: Sequence[Sequence[Step]], stretch: Stretch) -> None:
        """The steps of a stretch, once for each tile of images; those of further tiles say which step they repeat."""
        begin = len(self.steps)
        for first in range(0, self.batch, stretch.images):
            self._place(made, range(stretch.begin, stretch.end), first, min(stretch.images, self.batch - first))
        tiles = -(-self.batch // stretch.images)
        count = (len(self.steps) - begin) // tiles
        for k in range(begin + count, len(self.steps)):
            self.steps[k] = replace(self.steps[k], repeats=begin + (k - begin) % count)

    def _in_lanes(self, op: Op) -> bool:
        return op.kind != "convert" and any(self.layouts[i] == IN_LANES for i in (*op.ins, *op.outs))

    def _length(self, i: int) -> int:
        """Elements of an unbatched value, padding included; 0 for a batched one."""
        return 0 if self.program.values[i].batched else elements(self.program, self.layouts, i, 1)

    def cost(self, placed: _Placed) -> int:
        """Nanoseconds on one thread at the declared batch, roughly: only whether it is worth sharing matters."""
        op, step = placed.op, placed.step
        batched = any(self.program.values[i].batched for i in (*op.ins, *op.outs))
        images = (placed.images or -(-self.batch // int(step.fields.get("lanes", 1)))) if batched else 1
        return int(step.work * images * NANOSECONDS.get(step.kernel, ELEMENT)) + 50

    def bytes(self, op: Op, step: Step) -> int:
        """Bytes of the operands at the declared batch, each read or written once; scratch is written and read."""
        batched = any(self.program.values[i].batched for i in (*op.ins, *op.outs))
        if step.kernel == "copy":  # a part of a value may be all that is read, or written
            images = -(-self.batch // int(step.fields.get("lanes", 1))) if batched else 1
            return 2 * FLOAT * step.work * images
        read = {operand.value for operand in step.operands if isinstance(operand.value, int)}
        own = sum(elements(self.program, self.layouts, i, self.batch) for i in read)
        return FLOAT * (own + 2 * step.scratch)

    def words(self, isa: str) -> tuple[PlanStep, ...]:
        return tuple(
            PlanStep(
                placed.step.kernel,
                isa,
                placed.op.origin,
                placed.op.phase,
                self.program.line(placed.op),
                self.cost(placed),
                placed.step.work // int(placed.step.fields.get("lanes", 1)) if placed.step.kernel in NANOSECONDS else 0,
                self.bytes(placed.op, placed.step),
                placed.step.refused,
                placed.images,
                placed.repeats,
            )
            for placed in self.steps
        )


class _Store:
    """The bound buffers: what lies where outside the arena."""

    def __init__(self, main: Ops, layouts: Mapping[int, Layout], early: Ops, batch: int) -> None:
        self.main, self.layouts = main, layouts
        self.scalars = {v.name: v.dtype for v in main.values.values() if v.role == "scalar"}
        self.words: list[Array] = []
        self.filled = 0
        self.codes: dict[Any, int] = {}
        self.places: dict[int, tuple[int, int]] = {}
        self.prepared_size = 0
        slots = list(self.scalars)
        for i, value in main.values.items():
            if value.role == "scalar":
                self.places[i] = (SCALARS, slots.index(value.name))
            elif value.role == "const":
                self.places[i] = (CONSTS, self._constant(np.asarray(main.consts[i])))
        for i in early.outputs.values():
            self.places[i] = (PREPARED, self.prepared_size)
            self.prepared_size += -(-elements(main, layouts, i, batch) // ALIGN) * ALIGN
        self.bindings = [Binding(role, role, ()) for role in ("consts", "scalars", "prepared")]
        self._bind(early)

    def _bind(self, early: Ops) -> None:
        used = {i for op in (*early.ops, *self.main.ops) for i in (*op.ins, *op.outs)}
        written = {op.ins[0] for op in self.main.ops if op.kind == "assign"}
        named = [(v.name, i, v.role) for i, v in self.main.values.items() if v.role in ("param", "state") and i in used]
        inputs = [(name, i, "input") for name, i in self.main.inputs.items()]
        outputs = [(name, i, "output") for name, i in self.main.outputs.items()]
        for name, i, role in (*inputs, *outputs, *named):
            value = self.main.values[i]
            changed = role == "output" or i in written
            self.places.setdefault(i, (len(self.bindings) + 1, 0))
            binding = Binding(name, role, sizes(value.shape), value.dtype, value.batched, self.layouts[i], changed)
            self.bindings.append(binding)

    def _constant(self, array: Array) -> int:
        """Offset of the array's elements, float32 or int32, among the constants."""
        flat = np.ascontiguousarray(array, np.int32 if array.dtype.kind == "i" else np.float32).reshape(-1)
        start, count = self.filled, -(-flat.size // ALIGN) * ALIGN
        padded = np.zeros(count, np.float32)
        padded[: flat.size] = flat.view(np.float32)
        self.words.append(padded)
        self.filled += count
        return start

    def consts(self) -> Array:
        return np.concatenate([*self.words, np.zeros(ALIGN, np.float32)])

    def row(self, part: _Part, table: KernelTable, placed: _Placed) -> dict[str, int | float]:
        """A record by field name."""
        step = placed.step
        row: dict[str, int | float] = {"kernel": table.kernels[step.kernel], "cost": part.cost(placed), **step.fields}
        row |= {"first_image": placed.first, "most_images": placed.images}
        row |= {f"x{k}_buffer": NOWHERE for k in range(OPERANDS)}
        for k, operand in enumerate(step.operands):
            if operand.value == "code":
                start, row["words"] = self._code(step.code)
                row |= {f"x{k}_buffer": CONSTS, f"x{k}_offset": start}
            elif operand.value == "scratch":
                start = placed.scratch + operand.shift
                place = {f"x{k}_buffer": ARENA, f"x{k}_offset": start, f"x{k}_image": operand.image}
                row |= {**place, **_strides(f"x{k}", operand)}
            elif isinstance(operand.value, int):
                row |= self._operand(part, f"x{k}", operand, operand.value, placed.first)
        return row

    def _operand(self, part: _Part, name: str, operand: Operand, i: int, first: int) -> dict[str, int | float]:
        value = part.program.values[i]
        root = part.memory.group[i]
        buffer, offset = self.places[root] if root in self.places else (ARENA, part.memory.offsets[root])
        image = prod(sizes(value.shape)) * (GROUP if part.layouts[i] == IN_LANES else 1) if value.batched else 0
        if view := part.views.get(i):
            offset += view.offset
            image = image // sizes(value.shape)[-1] * view.pitch
        if root not in part.memory.inner:
            offset += first * image
        return {
            f"{name}_buffer": buffer,
            f"{name}_offset": offset + operand.shift,
            f"{name}_image": image,
            f"{name}_pitch": view.pitch if view else 0,
            **_strides(name, operand),
        }

    def _code(self, expression: Any) -> tuple[int, int]:
        words = np.asarray(encode(*expression) if isinstance(expression, tuple) else encode(expression), np.int32)
        if expression not in self.codes:
            self.codes[expression] = self._constant(words)
        return self.codes[expression], words.size


def _strides(name: str, operand: Operand) -> dict[str, int | float]:
    return {f"{name}_stride{DIMS - len(operand.strides) + axis}": s for axis, s in enumerate(operand.strides)}


def _matrix(rows: Sequence[Mapping[str, int | float]], table: KernelTable) -> Array:
    """Records as int64; decimal fields keep their bits."""
    matrix = np.zeros((len(rows), len(table.fields)), np.int64)
    for record, row in zip(matrix, rows, strict=True):
        for name, number in row.items():
            record[table.fields[name]] = np.float64(number).view(np.int64) if isinstance(number, float) else number
    return matrix
