"""Activations: one table of formulas, used by `act=`, by `activation(name)` and by a layer for each name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netdsl.errors import Fault
from netdsl.layers.base import Layer, arg
from netdsl.layers.values import Applied, Word
from netdsl.ops.expression import Expression, compare, max_, min_, unary, where
from netdsl.shapes import Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@dataclass(frozen=True)
class Formula:
    """y = `body(x, *numbers)` elementwise; `numbers` are its arguments' names and defaults; `source` the paper."""

    body: Callable[..., Expression]
    text: str
    source: str
    numbers: tuple[tuple[str, float], ...] = ()


def _relu(x: Expression) -> Expression:
    return max_(x, 0.0)


FORMULAS: dict[str, Formula] = {
    "none": Formula(lambda x: x, "x", "the identity"),
    "relu": Formula(_relu, "max(x, 0)", "Nair and Hinton 2010"),
    "leaky_relu": Formula(
        lambda x, slope: where(compare("gt", x, 0.0), x, x * slope),
        "x for x > 0, else slope·x",
        "Maas et al. 2013",
        (("slope", 0.01),),
    ),
    "elu": Formula(
        lambda x, alpha: where(compare("gt", x, 0.0), x, alpha * (unary("exp", min_(x, 0.0)) - 1.0)),
        "x for x > 0, else alpha·(exp(x) - 1)",
        "Clevert et al. 2015",
        (("alpha", 1.0),),
    ),
    "selu": Formula(
        lambda x: SELU_SCALE * where(compare("gt", x, 0.0), x, SELU_ALPHA * (unary("exp", min_(x, 0.0)) - 1.0)),
        "1.0507·(x for x > 0, else 1.6733·(exp(x) - 1))",
        "Klambauer et al. 2017",
    ),
    "gelu": Formula(
        lambda x: 0.5 * x * (1.0 + unary("erf", x * 0.7071067811865476)),
        "x/2·(1 + erf(x/√2))",
        "Hendrycks and Gimpel 2016",
    ),
    "sigmoid": Formula(lambda x: unary("sigmoid", x), "1/(1 + exp(-x))", "logistic function"),
    "tanh": Formula(lambda x: unary("tanh", x), "tanh(x)", "LeCun et al. 1998"),
    "scaled_tanh": Formula(
        lambda x: 1.7159 * unary("tanh", x * (2.0 / 3.0)), "1.7159·tanh(2x/3)", "LeCun et al. 1998, section II.A"
    ),
    "softplus": Formula(
        lambda x: max_(x, 0.0) + unary("log1p", unary("exp", -unary("abs", x))), "log(1 + exp(x))", "Dugas et al. 2001"
    ),
    "swish": Formula(lambda x: x * unary("sigmoid", x), "x/(1 + exp(-x))", "Ramachandran et al. 2017"),
    "hard_swish": Formula(
        lambda x: x * min_(max_(x + 3.0, 0.0), 6.0) / 6.0, "x·min(max(x + 3, 0), 6)/6", "Howard et al. 2019"
    ),
    "relu6": Formula(lambda x: min_(max_(x, 0.0), 6.0), "min(max(x, 0), 6)", "Howard et al. 2017"),
    "abs": Formula(lambda x: unary("abs", x), "|x|", "Jarrett et al. 2009"),
    "complement": Formula(lambda x: 1.0 - x, "1 - x", "Srivastava et al. 2015, the carry gate"),
}
NAMES = (*FORMULAS, "softmax")


def resolve(value: object, argument: str | None = "act") -> tuple[str, tuple[float, ...]]:
    """The name and the numbers of an activation given as `relu` or `leaky_relu(0.1)`; raises `Fault` N209."""
    if isinstance(value, Word):
        value = Applied(str(value))
    if not isinstance(value, Applied) or value.name not in NAMES:
        name = value.name if isinstance(value, Applied) else str(value)
        if name == "prelu":
            words = "`prelu` has a slope that it learns: it is a layer of its own"
            raise Fault("N209", words, argument, help="write `| prelu` behind the call")
        raise Fault("N209", f"there is no activation `{name}`", argument, changes=_nearest(name, argument))
    numbers = FORMULAS[value.name].numbers if value.name in FORMULAS else ()
    names = [name for name, _ in numbers]
    unknown = [k for k in value.keywords if k not in names]
    if unknown or len(value.arguments) > len(names):
        takes = ", ".join(names) if names else "no arguments"
        raise Fault("N209", f"`{value.name}` takes {takes}; given `{value!r}`", argument)
    given = {**dict(numbers), **dict(zip(names, value.arguments, strict=False)), **value.keywords}
    for name, number in given.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise Fault("N209", f"`{name}` of `{value.name}` is a number", argument)
    return value.name, tuple(float(given[name]) for name in names)  # type: ignore[arg-type]


def _nearest(name: str, argument: str | None) -> tuple[dict[str, str], ...]:
    from difflib import get_close_matches

    found = get_close_matches(name, NAMES, n=1)
    return ({argument: found[0]},) if found and argument else ()


def activate(value: object, x: Array) -> Array:
    """The activation of an array, in its dtype."""
    import numpy as np

    from netdsl.ops.expression import evaluate, operands

    name, numbers = resolve(value)
    if name == "softmax":
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return np.asarray(e / e.sum(axis=-1, keepdims=True))
    return x if name == "none" else evaluate(FORMULAS[name].body(operands(1)[0], *numbers), [x])


def activate_lowered(build: Build, value: object, x: Value) -> Value:
    """Emit the activation of a value."""
    from netdsl.ops.expression import operands

    name, numbers = resolve(value)
    if name == "none":
        return x
    if name == "softmax":
        made: Value = build.add("softmax", x)
        return made
    return build.map(FORMULAS[name].body(operands(1)[0], *numbers), x)


class Elementwise(Layer):
    """Base of the layers that apply one activation."""

    def value(self) -> object:
        """The activation as `act=` would take it."""
        names = [name for name, _ in FORMULAS[self.keyword].numbers] if self.keyword in FORMULAS else []
        return Applied(self.keyword, tuple(getattr(self, name) for name in names))

    def out_shape(self, *xs: Shape) -> Shape:
        resolve(self.value(), "name")
        return xs[0]

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return activate(self.value(), xs[0])

    def lower(self, build: Build, *x: Value) -> Value:
        return activate_lowered(build, self.value(), x[0])


@dataclass(frozen=True)
class Activation(Elementwise, keyword="activation"):
    """`activation(relu)`: the activation of that name, so that a block can take it as an argument."""

    name: object = arg("activation", "which activation")

    examples = (("activation(relu)", ((4, 3, 2),)), ("activation(leaky_relu(0.2))", ((5,),)))

    def value(self) -> object:
        return self.name


def _declare(name: str, formula: Formula | None) -> type[Layer]:
    numbers = formula.numbers if formula else ()
    space: dict[str, Any] = {
        "__doc__": f"y = {formula.text}      ({formula.source})"
        if formula
        else "y_k = exp(x_k)/Σ exp(x_j) over the last axis.",
        "__annotations__": {n: "float" for n, _ in numbers},
        "__module__": __name__,
        "examples": ((name, ((4, 3, 2),)), (name, ((7,),)), *(((f"{name}(0.3)", ((7,),)),) if numbers else ())),
        **{n: arg("number", f"{n} of the formula", default=default) for n, default in numbers},
    }
    made = type(name.title().replace("_", ""), (Elementwise,), space, keyword=name)
    return dataclass(frozen=True)(made)


LAYERS = {name: _declare(name, FORMULAS.get(name)) for name in NAMES}
