"""Plan files: a compiled net in one file, which runs without the language, the graph or the compiler.

A sealed safetensors file (`files/sealed.py`). Its document has the steps, each with its kernel's name and the fields of
its record by name (those that are 0 left out), the bindings, and the hash of the kernels that it was compiled for; its
tensors are the constants, what was prepared from the weights, and each tensor that the steps read, in the form in which
they read it. Rows of the kernel table are looked up for the instruction set of the machine that loads.
The engine proves every record before the first run, as it does for a plan that was just compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import numpy as np

from netdsl.compiler.arguments import checked_count
from netdsl.compiler.layout import Layout
from netdsl.compiler.plan import Binding, KernelTable, Plan, PlanStep, buffer_sizes
from netdsl.compiler.program import MAX_THREADS, Program, default_threads, kernel_hash, kernel_table
from netdsl.compiler.room import memory_for
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.files.safetensors_header import DamagedHead
from netdsl.files.sealed import Kind
from netdsl.graph.weights import Weights, aligned_zeros

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

PLAN = Kind("netdsl_plan", "plan file", 1, foreign="N730", damaged="N731", newer="N732")
SUFFIX = ".plan"
CONSTS, PREPARED, TENSOR = "consts", "prepared", "tensor:"
FIXED = ("consts", "scalars", "prepared")
ROLES = (*FIXED, "input", "output", "param", "state")
ALIGN, MOST = 16, 2**40

Made = TypeVar("Made")


def write_plan(path: Path, program: Program, about: Mapping[str, Any]) -> None:
    """Write a program's plan and the numbers that it reads, atomically. Raises `NetError` N505 or N710."""
    plan, weights = program.plan, program.weights
    names = {column: name for name, column in kernel_table(plan.isa).fields.items()}
    rows = [_fields(row, names) for row in plan.records]
    kept = _renumber(rows, plan.bindings)
    tensors = {CONSTS: _padded(plan.consts)}
    document = {
        "kernels": _build(),
        "batch": plan.batch,
        "threads": plan.threads,
        "arena": plan.arena,
        "scalars": dict(plan.scalars),
        "bindings": [asdict(b) for b in kept],
        "steps": [{**_plain(step), "record": row} for step, row in zip(plan.steps, rows, strict=True)],
        "about": dict(about),
    }
    with weights.lock, memory_for(plan, weights):
        if plan.prepared_size:
            tensors[PREPARED] = program.prepared()
        for b in kept:
            if b.role in ("param", "state"):
                tensors[TENSOR + b.name] = _padded(weights.form(b.name, b.layout).reshape(-1))
        PLAN.write(path, tensors, document)


def load_plan(path: str | Path, *, threads: int | None = None, isa: str | None = None) -> Program:
    """The program of a plan file, ready to run; `program.about` is what was written with it.

    `threads` and `isa` as for `compile`; by default the usable cores and the fastest set that this processor has.
    Raises `NetError`: N730 it is no plan file, N731 it is damaged, N732 it was made for another version or for other
    kernels, N601 it cannot be read.
    """
    if not isinstance(path, str | PathLike):
        raise fail(
            "N730",
            f"a plan file is named by a path, not {type(path).__name__}",
            help='`netdsl.load_plan("net.plan")`',
        )
    path = Path(path)
    threads = checked_count("threads", default_threads() if threads is None else threads, MAX_THREADS)
    table = kernel_table(isa)
    tensors, document = PLAN.read(path)
    if document.get("kernels") != _build():
        raise fail(
            "N732", f"{quoted(path)} was compiled for the kernels of another version", help="compile the net again"
        )
    with PLAN.damage(path):
        try:
            plan, prepared = _plan(document, tensors, table, threads)
            program = Program(plan, _weights(plan, tensors), threads, prepared)
            program.check()
        except (KeyError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as cause:
            raise DamagedHead(f"its plan is not sound: {cause or type(cause).__name__}") from None
    program.about = document["about"]
    return program


def _build() -> str:
    """What a plan depends on: the kernels, and what its parts are made of."""
    parts = [f"{kind.__name__} {' '.join(f.name for f in fields(kind))}" for kind in (PlanStep, Binding, Layout)]
    return sha256("\n".join([kernel_hash(), *parts]).encode()).hexdigest()[:16]


def _plain(step: PlanStep) -> dict[str, Any]:
    """A step in words; the instruction set is chosen again where the plan is loaded."""
    return {name: value for name, value in asdict(step).items() if name != "isa"}


def _fields(row: Array, names: Mapping[int, str]) -> dict[str, int]:
    """The fields of a record that are not 0, by name; those of doubles as their bits. The kernel has a name instead."""
    return {names[c]: int(row[c]) for c in map(int, np.flatnonzero(row)) if names[c] != "kernel"}


def _renumber(rows: Sequence[dict[str, int]], bindings: Sequence[Binding]) -> list[Binding]:
    """The bindings without tensors that only the preparation reads; the records' buffers are counted anew."""
    read = {row[name] for row in rows for name in row if name.endswith("_buffer")}
    kept = [k for k, b in enumerate(bindings, 1) if b.role not in ("param", "state") or k in read]
    places = {old: new for new, old in enumerate(kept, 1)}
    for row in rows:
        row.update({name: places.get(old, old) for name, old in row.items() if name.endswith("_buffer")})
    return [bindings[k - 1] for k in kept]


def _padded(array: Array) -> Array:
    """A flat array with zeros up to a multiple of a cache line, so that every tensor of the file begins on one."""
    made = aligned_zeros(-(-array.size // ALIGN) * ALIGN)
    made[: array.size] = array
    return made


def _plan(
    document: Mapping[str, Any], tensors: Mapping[str, Array], table: KernelTable, threads: int
) -> tuple[Plan, Array | None]:
    """The plan of a document, and what was prepared. Raises `ValueError` and the like where it is not sound."""
    for array in tensors.values():
        _expect(array.dtype == np.float32 and array.ndim == 1, "a tensor is not a row of float32")
    bindings = tuple(_made(Binding, one) for one in _list(document["bindings"]))
    _expect(tuple(b.role for b in bindings[: len(FIXED)]) == FIXED, "its first bindings are not the fixed ones")
    for binding in bindings[len(FIXED) :]:
        _check_binding(binding)
    scalars = document["scalars"]
    _expect(isinstance(scalars, dict) and set(scalars.values()) <= {"f32", "i32"}, "`scalars` are not types by name")
    prepared = tensors.get(PREPARED)
    arena, batch = _count(document["arena"], MOST, 0), _count(document["batch"], 2**20)
    _expect(isinstance(document["about"], dict), "`about` is no object")
    steps = [dict(one) for one in _list(document["steps"])]
    records = np.zeros((len(steps), len(table.fields)), np.int64)
    for row, step in zip(records, steps, strict=True):
        row[table.fields["kernel"]] = table.kernels[step["kernel"]]
        for name, number in step.pop("record").items():
            _expect(type(number) is int and name != "kernel", "a field is no integer")
            row[table.fields[name]] = number
    size = 0 if prepared is None else prepared.size
    consts = tensors[CONSTS]
    plan = Plan(
        batch=batch,
        isa=table.isa,
        threads=threads,
        steps=tuple(_made(PlanStep, {**step, "isa": table.isa}) for step in steps),
        prepare_steps=(),
        records=records,
        prepare_records=records[:0],
        bindings=bindings,
        sizes=buffer_sizes(bindings, arena=arena, consts=consts.size, scalars=len(scalars), prepared=size),
        arena=arena,
        prepared_size=size,
        consts=consts,
        scalars=scalars,
    )
    _expect(bool(plan.inputs) and bool(plan.outputs), "it has no inputs or no outputs")
    _expect(all(step.images >= 0 for step in plan.steps), "a step is for fewer than 0 images")
    firsts = ((k, step.repeats) for k, step in enumerate(plan.steps) if step.repeats != -1)
    _expect(all(0 <= n < k and plan.steps[n].repeats < 0 for k, n in firsts), "a step repeats none before it")
    return plan, prepared


def _check_binding(binding: Binding) -> None:
    _expect(binding.role in ROLES[len(FIXED) :], f"`{binding.role}` is no role of a binding")
    _expect(binding.dtype in ("f32", "i32"), f"`{binding.dtype}` is no type of numbers")
    layout = binding.layout
    panel = layout.kind == "panel" and len(binding.shape) > 1 and 0 < layout.groups <= binding.shape[-1]
    _expect(layout.canonical or (panel and binding.role in ("param", "state")), "a binding has an unknown layout")
    numbers = 1
    for n in binding.shape:
        numbers *= max(n, 1)
        _expect(numbers <= MOST, "a binding has too many numbers")


def _weights(plan: Plan, tensors: Mapping[str, Array]) -> Weights:
    """The tensors that the plan reads, in the forms of the file."""
    weights = Weights()
    for b in plan.bindings:
        if b.role in ("param", "state"):
            array, length = tensors[TENSOR + b.name], b.layout.length(b.shape)
            _expect(length <= array.size < length + ALIGN and b.name not in weights, f"tensor `{b.name}` does not fit")
            weights.adopt(b.name, b.shape, b.layout, array[:length])
    return weights


def _made(kind: type[Made], document: Any) -> Made:
    """A frozen dataclass from the object that `asdict` gave, every field there and of its type."""
    hints = get_type_hints(kind)
    _expect(isinstance(document, dict) and document.keys() == hints.keys(), f"a {kind.__name__} has other fields")
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: _value(hints[name], document[name]) for name in names})


def _value(hint: Any, value: Any) -> Any:
    if hint is Layout:
        return _made(Layout, value)
    if hint == tuple[int, ...]:
        return tuple(_count(n, MOST, 0) for n in _list(value))
    if hint == tuple[tuple[str, str], ...]:
        pairs = [tuple(_list(pair)) for pair in _list(value)]
        _expect(all(len(p) == 2 and all(isinstance(w, str) for w in p) for p in pairs), "a pair is not two texts")
        return tuple(pairs)
    _expect(type(value) is hint, f"{value!r:.40} is not of type {hint.__name__}")
    return value


def _list(value: Any) -> Sequence[Any]:
    _expect(isinstance(value, list), "what should be a list is none")
    return value  # type: ignore[no-any-return]


def _count(value: Any, most: int, least: int = 1) -> int:
    _expect(type(value) is int and least <= value <= most, f"{value!r:.40} is no count")
    return int(value)


def _expect(truth: bool, reason: str) -> None:
    if not truth:
        raise ValueError(reason)
