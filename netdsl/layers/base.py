"""What every layer is: arguments with limits, a shape rule, parameters, costs, a NumPy oracle and a lowering.

A layer type is one frozen dataclass in one file. Declaring it registers its keyword; binding of
arguments, defaults, near-name suggestions, the summary and the contract test follow from it.
A layer describes; it never runs on the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

from netdsl.errors import Fault
from netdsl.layers.everywhere import Settings, with_settings
from netdsl.layers.values import Applied, Size, Word, format_value, kind_of
from netdsl.shapes import MAX_SIZE, Extent, Shape, format_shape
from netdsl.symbolic.size import Symbolic

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


@cache
def arguments(layer: type[Layer]) -> tuple[Field[Any], ...]:
    """The arguments that a layer type declares itself: first those that may be positional, in order."""
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
    values: dict[str, Any] = {name: _convert(layer.keyword, by_name[name], value) for name, value in given.items()}
    return layer(**values)


def _convert(keyword: str, item: Field[Any], value: object) -> object:
    kind, name = item.metadata["kind"], item.name
    if value == item.default and type(value) is type(item.default):
        return value
    converted = _CONVERTERS[kind](value, item)
    if converted is None:
        expected = _EXPECTED[kind].format(choices=", ".join(f"`{c}`" for c in item.metadata["choices"]))
        raise Fault(
            "N207", f"`{name}` of `{keyword}` is {expected}, not {kind_of(value)}: `{format_value(value)}`", name
        )
    for number in _numbers(converted):
        _check_limits(keyword, item, number)
    return converted


def _check_limits(keyword: str, item: Field[Any], number: float) -> None:
    low, high = item.metadata["low"], item.metadata["high"]
    if isinstance(number, float) and not isfinite(number):
        raise Fault("N208", f"`{item.name}` of `{keyword}` is not finite: {number}", item.name)
    if low is not None and number < low:
        least = f"{low:g}"
        message = f"`{item.name}` of `{keyword}` is {number}; the least is {least}"
        raise Fault("N208", message, item.name, changes=({item.name: least},))
    if isinstance(number, Symbolic):
        return
    limit = high if high is not None else (MAX_SIZE if isinstance(number, int) else None)
    if limit is not None and number > limit:
        most = str(limit) if isinstance(limit, int) else f"{limit:g}"
        raise Fault("N208", f"`{item.name}` of `{keyword}` is {number}; the most is {most}", item.name)


def _numbers(value: object) -> list[float]:
    if isinstance(value, bool | str):
        return []
    if isinstance(value, int | float | Symbolic):
        return [value]
    if isinstance(value, tuple | list):
        return [n for part in value for n in _numbers(part)]
    return []


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Symbolic):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _to_count(value: object, item: Field[Any]) -> object:
    return _whole(value)


def _to_number(value: object, item: Field[Any]) -> object:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def _to_flag(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, bool) else None


def _to_window(value: object, item: Field[Any]) -> object:
    if isinstance(value, tuple):
        whole = tuple(_whole(v) for v in value)
        return None if None in whole or not whole else whole
    return _whole(value)


def _to_pad(value: object, item: Field[Any]) -> object:
    if isinstance(value, Word):
        return value if value in ("valid", "same", "causal") else None
    return _to_window(value, item)


def _to_word(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, Word) and value in item.metadata["choices"] else None


def _to_activation(value: object, item: Field[Any]) -> object:
    from netdsl.layers.activation import resolve

    if isinstance(value, Word | Applied):
        resolve(value, item.name)
        return value
    return None


def _to_init(value: object, item: Field[Any]) -> object:
    from netdsl.layers.initialiser import resolve

    if isinstance(value, Word | Applied):
        resolve(value, item.name)
        return value
    return None


def _to_constraint(value: object, item: Field[Any]) -> object:
    from netdsl.layers.constraint import resolve

    if isinstance(value, Word | Applied):
        resolve(value, item.name)
        return value
    return None


def _to_table(value: object, item: Field[Any]) -> object:
    from netdsl.layers.table import convert

    return convert(value)


def _to_axes(value: object, item: Field[Any]) -> object:
    if not isinstance(value, tuple):
        return None
    whole = tuple(_whole(v) for v in value)
    return None if None in whole else whole


def _to_value(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, Word) else None


def _to_name(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, Word | Applied) else None


def _to_list(value: object, item: Field[Any]) -> object:
    return value if isinstance(value, list) else None


_CONVERTERS = {
    "count": _to_count,
    "number": _to_number,
    "flag": _to_flag,
    "window": _to_window,
    "pad": _to_pad,
    "word": _to_word,
    "activation": _to_activation,
    "init": _to_init,
    "table": _to_table,
    "constraint": _to_constraint,
    "shape": _to_window,
    "axes": _to_axes,
    "value": _to_value,
    "name": _to_name,
    "list": _to_list,
}
_EXPECTED = {
    "count": "an integer",
    "number": "a number",
    "flag": "`true` or `false`",
    "window": "an integer or a size such as `3x3`",
    "pad": "`valid`, `same`, `causal`, an integer or a tuple of integers",
    "word": "one of {choices}",
    "activation": "the name of an activation",
    "init": "the name of an initialiser",
    "constraint": "`max_norm(v)`, `unit_norm` or `non_neg`",
    "table": "the name of a connection table, or a list with a list of channels for each filter",
    "shape": "a size such as `7x7x64`",
    "axes": "a tuple of axes such as `(1, 0, 2)`",
    "value": "the name of a value of the net",
    "name": "a name",
    "list": "a list",
}
