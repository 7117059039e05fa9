"""What every layer is: arguments with limits, a shape rule, parameters, costs, a NumPy oracle and a lowering.

A layer type is one frozen dataclass in one file. Declaring it registers its keyword; binding of
arguments, defaults, near-name suggestions, the summary and the contract test follow from it.
A layer describes; it never runs on the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from netdsl.errors import Fault
from netdsl.layers.convert import convert
from netdsl.layers.everywhere import Settings, with_settings
from netdsl.layers.values import Size, format_value
from netdsl.shapes import Extent, Shape, format_shape

if TYPE_CHECKING:
    import numpy as np

    from netdsl.ops.op import Build, Value

    Array = np.ndarray[Any, Any]

Spans = tuple[tuple[int, int], ...]
"""For each spatial axis the first and the last position of a stretch."""

REGISTRY: dict[str, type[Layer]] = {}


def arg(
    kind: str,
    words: str,
    *,
    default: Any = MISSING,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    keyword_only: bool = False,
    like: str = "",
) -> Any:
    """Declare one argument of a layer.

    `kind`: `count` (integer), `number` (integer or decimal), `flag`, `window` (integer, size or tuple of integers,
    one for each spatial axis), `pad` (`valid same causal`, integer, or tuple), `word` (one of `choices`),
    `activation`, `init`, `table` (a name or a list of lists), `shape` (size or integer), `axes` (tuple of integers),
    `value` (the name of a value of the net, which becomes a further operand), `name`, `list`.
    `words` says what it means, with its unit; `low` and `high` are inclusive limits of every number in it. A default of
    None means the value of the argument `like`, where that is named.
    """
    meta = {"kind": kind, "words": words, "low": low, "high": high, "choices": choices, "like": like}
    return field(default=default, kw_only=keyword_only, metadata=meta)


@dataclass(frozen=True)
class Param:
    """One tensor that a layer owns.

    `role` is `param` (changed by the optimiser) or `state` (a moving statistic). `fan` is (in, out) for the
    initialiser; `formula` derives the count, such as `5·5·1·40`. `kernel` are the sizes of a window, which come first
    in the shape; only there a named kernel fits. The rest are the settings of the layer (`everywhere.py`).
    """

    name: str
    shape: Shape
    init: object
    formula: str
    role: str = "param"
    fan: tuple[int, int] = (1, 1)
    trainable: bool = True
    kernel: tuple[int, ...] = ()
    l1: float = 0.0
    l2: float = 0.0
    constraint: object = None
    lr: float = 1.0
    decay: float = 1.0


@dataclass(frozen=True)
class Window:
    """How far an output element reaches: kernel, stride and dilation for each spatial axis.

    `upsample` is the number of outputs to an input's step, where that is more than one.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    upsample: tuple[int, ...] = ()


def whole(x: Shape) -> Window:
    """One window over all positions of a map."""
    ones = (1,) * (len(x) - 1)
    return Window(x[:-1], ones, ones)


@dataclass(frozen=True)
class Layer(Settings):
    """Base of all layers. Subclasses say `class Conv(Layer, keyword="conv")`."""

    keyword: ClassVar[str] = ""
    operands: ClassVar[tuple[int, int | None]] = (1, 1)
    examples: ClassVar[tuple[tuple[str, tuple[Shape, ...]], ...]] = ()

    def __init_subclass__(cls, keyword: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if keyword:
            assert keyword not in REGISTRY, keyword
            cls.keyword = keyword
            REGISTRY[keyword] = cls

    def out_shape(self, *xs: Shape) -> Shape:
        """Shape of the output without the batch; a `Fault` N3xx where there is none."""
        raise AssertionError(f"{type(self).__name__} has no shape rule")

    def extents(self, *xs: Shape) -> tuple[tuple[str, Extent], ...]:
        """Derivations of the output sizes that are not copied from the input: ("height", Extent), …"""
        return ()

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        """The tensors of the layer, for inputs of these shapes."""
        return ()

    def tensors(self, *xs: Shape) -> tuple[Param, ...]:
        """The same with the penalties, constraints and multipliers that the call gives them."""
        return with_settings(self, self.params(*xs))

    def macs(self, *xs: Shape) -> Extent:
        """Multiply-adds of one image (weights times inputs only; bias and elementwise work do not count)."""
        return Extent(0, "0")

    def window(self, *xs: Shape) -> Window | None:
        """The reach of an output element in the input, or None for an elementwise layer."""
        return None

    def reads(self, spans: Spans, operand: int, *xs: Shape) -> Spans:
        """The stretch of an operand that a stretch of the output is computed from; it may reach beyond the border."""
        x = xs[operand]
        if self.window(*xs) is None and self.out_shape(*xs)[:-1] == x[:-1]:
            return spans
        return tuple((0, n - 1) for n in x[:-1])

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        """The oracle, in NumPy: arrays (N, …) in the dtype of `xs`; `training` uses batch statistics."""
        raise AssertionError(f"{type(self).__name__} has no forward")

    def lower(self, build: Build, *xs: Value) -> Value:
        """Emit the primitive operations; `build.param(name)` gives its tensors. `Fault` N717 where there are none."""
        raise Fault("N717", f"`{self.keyword}` has no lowering: only the reference runs it")

    def text(self) -> str:
        """The call in the language: arguments that differ from their defaults; without defaults positionally."""
        given = []
        for item in (*arguments(type(self)), *fields(Settings)):
            value = getattr(self, item.name)
            if item.default is MISSING:
                given.append(format_value(written(value, item)))
            elif value != item.default:
                given.append(f"{item.name}={format_value(written(value, item))}")
        return f"{self.keyword}({', '.join(given)})" if given else self.keyword


def inner_shape(value: Value) -> Shape:
    """Shape of a batched value of the program without its batch, as layers see it."""
    return tuple(int(size) for size in value.shape[1:])


def arguments(layer: type[Layer]) -> tuple[Field[Any], ...]:
    """The arguments that a layer type declares itself: first those that may be positional, in order."""
    key: Any = layer  # mypy takes no type of frozen dataclasses for hashable
    return _arguments(key)


@cache
def _arguments(layer: Any) -> tuple[Field[Any], ...]:
    found = [item for item in fields(layer) if "kind" in item.metadata and "everywhere" not in item.metadata]
    return tuple([f for f in found if not f.kw_only] + [f for f in found if f.kw_only])


def written(value: object, item: Field[Any]) -> object:
    """The value of an argument as `format_value` prints it best: a window as a size."""
    if item.metadata["kind"] in ("window", "shape") and isinstance(value, tuple) and min(value) > 0:
        return Size(value)
    if item.metadata["kind"] == "table" and isinstance(value, tuple):
        return [list(row) for row in value]
    return value


def example_text(call: str, shapes: Sequence[Shape]) -> str:
    """The net of one example in the language: inputs `x0` … of these shapes, and the call, named `y`."""
    inputs = "".join(f"  input x{k}: {format_shape(shape)}\n" for k, shape in enumerate(shapes))
    name, _, rest = call.partition("(")
    if REGISTRY[name].operands[1] == 1:
        call = f"from x0 | {call}"
    elif len(shapes) > 1:
        given = ", ".join(f"x{k}" for k in range(len(shapes)))
        call = f"{name}({given}, {rest}" if rest else f"{name}({given})"
    return f"net Example {{\n{inputs}  y: {call}\n}}\n"


def make(layer: type[Layer], given: Mapping[str, object]) -> Layer:
    """A layer from values by argument name, each checked; raises `Fault` N2xx or N3xx that names the argument."""
    by_name = {item.name: item for item in (*arguments(layer), *fields(Settings))}
    values: dict[str, Any] = {name: convert(layer.keyword, by_name[name], value) for name, value in given.items()}
    return layer(**values)
