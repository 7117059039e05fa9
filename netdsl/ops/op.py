"""The second level: a program of primitive operations in single assignment.

A `Value` is an array; its first axis is the batch, written `n`, unless it is a parameter, a state, a
scalar or a constant. An `Op` has a kind; everything about a kind (shape rule, NumPy body, gradient)
is one `Kind` in `netdsl/ops/`. `Ops` prints in the language's own syntax, one operation a line:

    y = conv(x, C1.weight, kernel=5x5, stride=1x1, pad=0,0,0,0)
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from netdsl.ops.expression import Expression

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

BATCH = "n"
Dim = int | str
Shape = tuple[Dim, ...]
"""Batch-carrying shapes: (`n`, 28, 28, 6); parameters have integers alone."""


@dataclass(frozen=True)
class Value:
    """One array of the program.

    `role`: `input`, `param`, `state` (moving statistics and optimiser slots), `scalar` (bound at each run: learning
    rate, step), `const` (known now), `temp`. `dtype`: `f32` or `i32`. `name`: path for params and states (`C1.weight`),
    the node's path for its output, else a generated one; unique in the program.
    """

    id: int
    shape: Shape
    dtype: str
    role: str
    name: str

    @property
    def batched(self) -> bool:
        return bool(self.shape) and self.shape[0] == BATCH


@dataclass(frozen=True)
class Op:
    """One operation: `ins` and `outs` are value ids; `attrs` are sorted pairs; `origin` is the node's path.

    `phase`: `prepare` (depends on weights alone; run once whenever they change), `forward`, `backward`, `reduce` or
    `update`.
    """

    kind: str
    ins: tuple[int, ...]
    outs: tuple[int, ...]
    attrs: tuple[tuple[str, Any], ...] = ()
    phase: str = "forward"
    origin: str = ""

    def __getitem__(self, name: str) -> Any:
        return dict(self.attrs)[name]

    def get(self, name: str, default: Any = None) -> Any:
        return dict(self.attrs).get(name, default)


@dataclass(frozen=True)
class Kind:
    """Everything about one kind of operation.

    `shape(attrs, *in_shapes) -> out_shapes` asserts that the operands fit; `run(attrs, *arrays) -> arrays` is the
    NumPy body, any float dtype, called through `Ops.run`, which adds the attribute `batched`; `vjp(build, op, *dys)
    -> gradients` emits, for each input, the operations of its gradient (None where there is none: integers,
    constants) given those of the outputs (None where nothing flows into one of several). A kind without a `vjp`
    passes no gradient to any input.
    """

    name: str
    shape: Callable[..., tuple[Shape, ...]]
    run: Callable[..., tuple[Array, ...]]
    vjp: Callable[..., Sequence[Value | None]] | None = None


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Add a kind to the table; each name once."""
    assert kind.name not in KINDS, kind.name
    KINDS[kind.name] = kind
    return kind


@dataclass(frozen=True)
class Ops:
    """A program. `inputs`, `outputs` and `gradients` (parameter name → its gradient) map names to value ids.

    `consts` holds the arrays of constants. Operations stand in an order in which they can run.
    """

    values: Mapping[int, Value]
    ops: tuple[Op, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    gradients: Mapping[str, int] = field(default_factory=dict)
    consts: Mapping[int, Array] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join(self.line(op) for op in self.ops)

    def line(self, op: Op) -> str:
        """One operation as text."""
        given = [self.values[i].name for i in op.ins]
        given += [f"{name}={_text(value)}" for name, value in op.attrs]
        left = ", ".join(self.values[i].name for i in op.outs)
        return f"{left} = {op.kind}({', '.join(given)})" if left else f"{op.kind}({', '.join(given)})"

    def verify(self) -> None:
        """Assert single assignment, order, unique names, known kinds and shapes that agree with each kind's rule."""
        assert len({v.name for v in self.values.values()}) == len(self.values), "two values of one name"
        ready = {i for i, v in self.values.items() if v.role != "temp"}
        for op in self.ops:
            kind = KINDS[op.kind]
            assert all(i in ready for i in op.ins), f"used before it is made: {self.line(op)}"
            assert not any(i in ready for i in op.outs), f"assigned twice: {self.line(op)}"
            shapes = kind.shape(dict(op.attrs), *(self.values[i].shape for i in op.ins))
            assert shapes == tuple(self.values[i].shape for i in op.outs), f"{self.line(op)}: {shapes}"
            ready.update(op.outs)
        roots = [*self.outputs.values(), *self.gradients.values()]
        assert all(i in ready for i in roots), "a root is never made"

    def run(self, op: Op, arrays: Sequence[Array], images: int) -> tuple[Array, ...]:
        """The NumPy body of one operation on a batch of `images`: `n` in its attributes becomes their number."""
        attrs = {name: _bound(value, images) for name, value in op.attrs}
        attrs["batched"] = any(self.values[i].batched for i in op.outs)
        return KINDS[op.kind].run(attrs, *arrays)


def _bound(value: Any, images: int) -> Any:
    return tuple(images if v == BATCH else v for v in value) if isinstance(value, tuple) else value


def free_name(name: str, taken: Container[str]) -> str:
    """The name, or, where it is taken, the name with the first number from 2 on that is not."""
    if name not in taken:
        return name
    return next(final for k in count(2) if (final := f"{name}:{k}") not in taken)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        flat = all(isinstance(v, int) for v in value)
        return "x".join(map(str, value)) if flat and value else "(" + ",".join(_text(v) for v in value) + ")"
    return str(value)


class Build:
    """Collects operations into a program; the one way to make `Ops`.

    `training` chooses batch statistics and dropout. `origin` is the path of the node being lowered; `phase` is stamped
    on every operation. `nodes` are the outputs of the net's nodes that are lowered, by path. `param(name)` and
    `state(name)` give the tensors of that node (`C1.weight`).
    """

    def __init__(self, *, training: bool = False) -> None:
        self.training = training
        self.origin = ""
        self.phase = "forward"
        self.values: dict[int, Value] = {}
        self.ops: list[Op] = []
        self.inputs: dict[str, int] = {}
        self.outputs: dict[str, int] = {}
        self.gradients: dict[str, int] = {}
        self.consts: dict[int, Array] = {}
        self.nodes: dict[str, Value] = {}
        self._by_name: dict[str, int] = {}
        self._tied: dict[tuple[str, str], int] = {}
        self._producers: dict[int, Op] = {}

    def value(self, shape: Shape, *, dtype: str = "f32", role: str = "temp", name: str = "") -> Value:
        """A new value. Without a name it is called `%` and its id, which no path can be; a taken name gets a number."""
        final = free_name(name, self._by_name) if name else f"%{len(self.values)}"
        made = Value(len(self.values), shape, dtype, role, final)
        self.values[made.id] = made
        self._by_name[final] = made.id
        return made

    def rename(self, value: Value, name: str) -> Value:
        """The value under a name of its own, such as its node's path; a value that has one keeps it."""
        if not value.name.startswith("%"):
            return value
        del self._by_name[value.name]
        renamed = replace(value, name=free_name(name, self._by_name))
        self.values[value.id] = renamed
        self._by_name[renamed.name] = value.id
        return renamed

    def named(self, name: str) -> Value | None:
        """The value of that name."""
        found = self._by_name.get(name)
        return None if found is None else self.values[found]

    def input(self, name: str, shape: Shape, dtype: str = "f32") -> Value:
        """An array bound at each run, one for each name."""
        if name in self.inputs:
            found = self.values[self.inputs[name]]
            assert (found.shape, found.dtype) == (shape, dtype), f"input {name}: {found.shape} and {shape}"
            return found
        made = self.value(shape, dtype=dtype, role="input", name=name)
        self.inputs[name] = made.id
        return made

    def scalar(self, name: str, dtype: str = "f32") -> Value:
        """A number bound at each run, one for each name: f32, or i32 for `random`."""
        found = self.named(name) or self.value((), dtype=dtype, role="scalar", name=name)
        assert found.role == "scalar" and found.dtype == dtype, (
            f"scalar {name}: {found.role}, {found.dtype} and {dtype}"
        )
        return found

    def inverse_batch(self) -> Value:
        """The scalar 1/n, n being the number of images of the run: whoever runs the program binds it."""
        return self.scalar("inverse_batch")

    def const(self, array: Array, name: str = "const") -> Value:
        made = self.value(tuple(array.shape), dtype={"f": "f32", "i": "i32"}[array.dtype.kind], role="const", name=name)
        self.consts[made.id] = array
        return made

    def tensor(self, name: str, shape: Shape, role: str) -> Value:
        """Declare a parameter or state by its full name, once."""
        found = self.named(name) or self.value(shape, role=role, name=name)
        assert (found.shape, found.role) == (shape, role), f"{role} {name}: {found.shape}, {found.role} and {shape}"
        return found

    def tie(self, name: str, tensor: Value) -> None:
        """Let the node being lowered find a tensor under a name, whichever node declared it."""
        self._tied[self.origin, name] = tensor.id

    def param(self, name: str) -> Value:
        """A tensor of the node being lowered, declared before by the lowering of the net."""
        tied = self._tied.get((self.origin, name))
        found = self.named(f"{self.origin}.{name}") if tied is None else self.values[tied]
        assert found is not None, f"{self.origin}.{name}"
        return found

    state = param

    def add(self, kind: str, *ins: Value, name: str = "", dtype: str = "f32", **attrs: Any) -> Any:
        """Emit one operation; returns its output, a tuple of several, or None."""
        shapes = KINDS[kind].shape(attrs, *(v.shape for v in ins))
        outs = tuple(self.value(shape, dtype=dtype, name=name) for shape in shapes)
        op = Op(
            kind,
            tuple(v.id for v in ins),
            tuple(v.id for v in outs),
            tuple(sorted(attrs.items())),
            self.phase,
            self.origin,
        )
        self.ops.append(op)
        self._producers.update((v.id, op) for v in outs)
        return outs[0] if len(outs) == 1 else outs or None

    def map(self, expression: Expression, *ins: Value, shape: Shape | None = None, name: str = "") -> Value:
        """Emit an elementwise expression over inputs that broadcast as NumPy's; `shape` widens the result."""
        attrs: dict[str, Any] = {} if shape is None else {"shape": shape}
        made: Value = self.add("map", *ins, expression=expression, name=name, **attrs)
        return made

    def producer(self, value: Value) -> Op | None:
        """The operation that makes a value, or None for inputs, parameters and constants."""
        return self._producers.get(value.id)

    def finish(self) -> Ops:
        program = Ops(self.values, tuple(self.ops), self.inputs, self.outputs, self.gradients, self.consts)
        program.verify()
        return program
